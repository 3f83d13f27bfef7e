"""The e-mail as it goes out (RFC 5322): multipart/alternative, text then HTML, one recipient.

There is no `From` here: the sender adds it from its provider's URL, which knows under which name it may send.
"""

from __future__ import annotations

import re
from binascii import b2a_base64
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache
from hashlib import sha256

_ENCODING = "charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable"
_WORD = 39
"""Octets of an encoded word: with its frame and `Subject: ` a line of 73."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class UnsafeHeader(ValueError):
    """A header value holds a line break or another control character; nothing of it is sent."""


def message_id(notice_id: str, recipient: str, host: str) -> str:
    """The same notice to the same recipient has the same id, which names neither."""
    digest = sha256(f"{notice_id}\x00{recipient.lower()}".encode()).hexdigest()
    return f"<{digest[:32]}@{host}>"


def build(
    *,
    notice_id: str,
    kind: str,
    locale: str,
    recipient: str,
    subject: str,
    text: str,
    html: str,
    now: datetime,
    host: str,
    after: str = "",
    unsubscribe: str = "",
) -> bytes:
    """The message's bytes, CRLF line ends. `recipient` is a checked address (recipients.email_address); `host` names the console.

    `text` and `html` are quoted-printable already (folding.skeleton): no line is ever too long or altered on the way. A recipient whose
    local part isn't ASCII makes a message that needs SMTPUTF8. `after`: the notice that began the thread, whose mail this one answers (RFC
    5322 section 3.6.4), so that readers show both together. `unsubscribe`: the address of a one-click unsubscribe (RFC 8058). Raises
    UnsafeHeader.
    """
    boundary = "=_" + sha256(f"{notice_id}\x00{recipient}\x00parts".encode()).hexdigest()[:24]
    head = {
        "Subject": _encoded(subject),
        "To": _address(recipient),
        "Date": _date(now.replace(microsecond=0)),
        "Message-ID": message_id(notice_id, recipient, host),
        "X-Vigil-Notice": notice_id,
        "X-Vigil-Kind": kind,
        "Content-Language": locale,
    }
    if after:
        head["In-Reply-To"] = head["References"] = message_id(after, recipient, host)
    if unsubscribe:
        head["List-Unsubscribe"] = f"<{unsubscribe}>"
        if unsubscribe.startswith("https:"):
            head["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    for name, value in head.items():
        # The only line breaks that pass are those of the folding, before a space.
        if not value.isprintable() and _CONTROL.search(value.replace("\r\n ", " ")):
            raise UnsafeHeader(name)
    lines = "\r\n".join([f"{name}: {value}" for name, value in head.items()])
    return (
        f"{lines}\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
        f'Content-Type: multipart/alternative; boundary="{boundary}"\r\n\r\n'
        f"--{boundary}\r\nContent-Type: text/plain; {_ENCODING}\r\n\r\n{text}\r\n"
        f"--{boundary}\r\nContent-Type: text/html; {_ENCODING}\r\n\r\n{html}\r\n--{boundary}--\r\n"
    ).encode()


@lru_cache(maxsize=16)
def _date(now: datetime) -> str:
    return format_datetime(now)


def _encoded(text: str) -> str:
    """A subject: as it is where it is short ASCII, else in encoded words (RFC 2047), one a line, no character cut."""
    if _CONTROL.search(text):
        raise UnsafeHeader("Subject")
    if text.isascii() and len(text) < 68 and "=?" not in text:
        return text
    chunks = [b""]
    for character in text:
        octets = character.encode("utf-8", "replace")
        if len(chunks[-1]) + len(octets) > _WORD:
            chunks.append(b"")
        chunks[-1] += octets
    return "\r\n ".join(f"=?utf-8?b?{b2a_base64(chunk, newline=False).decode()}?=" for chunk in chunks)


def _address(recipient: str) -> str:
    """The address with its domain in ASCII, a local part beyond dot-atoms in quotes."""
    local, _, domain = recipient.rpartition("@")
    if not domain.isascii():
        try:
            domain = domain.encode("idna").decode("ascii")
        except UnicodeError:
            pass
    dotted = not local.startswith(".") and not local.endswith(".") and ".." not in local
    return f"{local}@{domain}" if dotted else f'"{local}"@{domain}'
