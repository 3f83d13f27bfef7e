"""DKIM signatures (RFC 6376; Ed25519: RFC 8463), relaxed/relaxed, over what readers and mail programs go by.

The signing is cryptography's; what is ours is the canonical form, which is little for mails that we composed. A mail of 28 kB takes one
to two milliseconds.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator, Sequence
from datetime import datetime
from hashlib import sha256

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

LEAST_BITS = 1024
SIGNED = (
    "from", "to", "subject", "date", "message-id", "in-reply-to", "references", "mime-version", "content-type", "content-language",
    "list-unsubscribe", "list-unsubscribe-post",
)  # fmt: skip
TWICE = ("from", "subject", "to")
"""Named once more than they are there: a second one put in on the way breaks the signature."""
_BARE = re.compile(rb"\r\n|\r|\n")
_SPACE = re.compile(rb"[ \t]+")
_FROM = re.compile(rb"^from:[^\r\n]*@([a-z0-9.-]+)", re.IGNORECASE | re.MULTILINE)
Headers = Sequence[tuple[bytes, bytes]]


class Signer:
    """Signs for the domain of each mail's From. `key`: PEM, RSA or Ed25519. Raises ValueError, without a word of the key."""

    def __init__(self, key: str, selector: str):
        if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?", selector):
            raise ValueError("expected the selector under which the public key is published, e.g. vigil1")
        try:
            made = load_pem_private_key(key.encode(), None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise ValueError("expected a private key in PEM, not encrypted: RSA or Ed25519") from None
        if not isinstance(made, RSAPrivateKey | Ed25519PrivateKey):
            raise ValueError("expected an RSA or Ed25519 key")
        if isinstance(made, RSAPrivateKey) and made.key_size < LEAST_BITS:
            raise ValueError(f"expected an RSA key of at least {LEAST_BITS} bits; 2048 are usual")
        self.selector, self._key = selector, made

    def sign(self, mail: bytes, at: datetime) -> bytes:
        """The mail with its signature on top; as it is where its From names no domain."""
        found = _FROM.search(mail.partition(b"\r\n\r\n")[0])
        if found is None:
            return mail
        if not mail.count(b"\n") == mail.count(b"\r\n") == mail.count(b"\r"):
            mail = _BARE.sub(b"\r\n", mail)
        head, _, body = mail.partition(b"\r\n\r\n")
        headers = list(fields(head))
        there = {name for name, _ in headers}
        names = [name for name in SIGNED if name.encode() in there] + list(TWICE)
        value = (
            f"v=1; a={self.algorithm}; c=relaxed/relaxed; d={found.group(1).decode().lower()}; s={self.selector};\r\n"
            f" t={int(at.timestamp())}; h={':'.join(names[:6])}\r\n :{':'.join(names[6:])};\r\n"
            f" bh={body_hash(body)};\r\n b="
        ).encode()
        signature = self._signature(signed_text(headers, names, value))
        folded = b"\r\n ".join(signature[n : n + 72] for n in range(0, len(signature), 72))
        return b"DKIM-Signature: " + value + folded + b"\r\n" + mail

    @property
    def algorithm(self) -> str:
        return "rsa-sha256" if isinstance(self._key, RSAPrivateKey) else "ed25519-sha256"

    def record(self) -> str:
        """The TXT record to publish at `SELECTOR._domainkey.DOMAIN`."""
        public = self._key.public_key()
        if isinstance(self._key, RSAPrivateKey):
            return "v=DKIM1; k=rsa; p=" + b64encode(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
        return "v=DKIM1; k=ed25519; p=" + b64encode(public.public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()

    def _signature(self, text: bytes) -> bytes:
        if isinstance(self._key, RSAPrivateKey):
            return b64encode(self._key.sign(text, PKCS1v15(), SHA256()))
        return b64encode(self._key.sign(sha256(text).digest()))


def body_hash(body: bytes) -> str:
    """Base64 of SHA-256 over the body in its relaxed form (RFC 6376 section 3.4.4)."""
    relaxed = _SPACE.sub(b" ", body).replace(b" \r\n", b"\r\n").rstrip(b" ").rstrip(b"\r\n")
    if relaxed:
        relaxed += b"\r\n"
    return b64encode(sha256(relaxed).digest()).decode()


def signed_text(headers: Headers, names: Sequence[str], value: bytes) -> bytes:
    """What is signed (section 3.7): the named headers, the last of a name first, and the signature's own with an empty `b=`."""
    left: dict[bytes, list[bytes]] = {}
    for name, text in headers:
        left.setdefault(name, []).append(text)
    lines = []
    for wanted in (name.encode() for name in names):
        if of_name := left.get(wanted):
            lines.append(_relaxed(wanted, of_name.pop()) + b"\r\n")
    return b"".join(lines) + _relaxed(b"dkim-signature", value)


def fields(head: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Names in lower case, and values with their folding."""
    for line in re.split(rb"\r\n(?![ \t])", head):
        name, colon, value = line.partition(b":")
        if colon:
            yield name.strip().lower(), value


def _relaxed(name: bytes, value: bytes) -> bytes:
    """Section 3.4.2."""
    return name + b":" + _SPACE.sub(b" ", value.replace(b"\r\n", b"")).strip(b" ")
