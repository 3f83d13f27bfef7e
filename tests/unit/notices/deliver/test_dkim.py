"""Signatures that mail servers can check."""

import re
from base64 import b64decode
from datetime import UTC, datetime

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_der_public_key

from notices.deliver.dkim import Signer, body_hash, fields, signed_text

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
MAIL = (
    b"X-Vigil-Delivery: d1\r\nFrom: =?utf-8?q?Example?= <alerts@Exchange.example>\r\nSubject: New\r\n device\r\nTo: mei@mail.example\r\n"
    b"List-Unsubscribe: <https://x/u/t>\r\n\r\nText \t with  spaces \r\n\r\n\r\n"
)


def pem(key) -> str:
    """The key as it is configured."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


RSA, ED = rsa.generate_private_key(65537, 2048), ed25519.Ed25519PrivateKey.generate()


def valid(mail: bytes, record: str) -> bool:
    """Whether a server that finds `record` in DNS believes the signature."""
    head, _, body = mail.partition(b"\r\n\r\n")
    (_, value), *others = fields(head)
    tags = dict(tag.strip().split("=", 1) for tag in re.sub(r"\s", "", value.decode()).split(";"))
    text = signed_text(others, tags["h"].split(":"), re.sub(rb"b=[^;]*$", b"b=", value))
    key = b64decode(record.partition("p=")[2])
    try:
        if tags["a"] == "rsa-sha256":
            load_der_public_key(key).verify(b64decode(tags["b"]), text, padding.PKCS1v15(), SHA256())
        else:
            import hashlib

            ed25519.Ed25519PublicKey.from_public_bytes(key).verify(b64decode(tags["b"]), hashlib.sha256(text).digest())
    except InvalidSignature:
        return False
    return body_hash(body) == tags["bh"]


def test_the_standards_own_example_verifies():
    """RFC 8463, appendix A: its message, its public key, its signature."""
    body = b"Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n"
    head = (
        b"From: Joe SixPack <joe@football.example.com>\r\nTo: Suzie Q <suzie@shopping.example.net>\r\nSubject: Is dinner ready?\r\n"
        b"Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\nMessage-ID: <20030712040037.46341.5F8J@football.example.com>"
    )
    value = (
        b" v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n d=football.example.com; i=@football.example.com;\r\n"
        b" q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n subject : date : message-id : from : subject : date;\r\n"
        b" bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
        b" b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\r\n Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw=="
    )
    record = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="

    assert valid(b"DKIM-Signature:" + value + b"\r\n" + head + b"\r\n\r\n" + body, record)


@pytest.mark.parametrize("key", [RSA, ED])
def test_what_is_signed_verifies_until_it_is_altered(key):
    """White space may change on the way; words, senders and links may not."""
    signer = Signer(pem(key), "vigil1")
    mail = signer.sign(MAIL, NOW)
    touched = mail.replace(b"with  spaces \r\n", b"with spaces\r\n") + b"\r\n"

    assert b"d=exchange.example; s=vigil1" in mail
    assert mail.endswith(MAIL)
    assert max(map(len, mail.split(b"\r\n"))) < 100
    assert valid(mail, signer.record())
    assert valid(touched, signer.record())
    for old, new in (
        (b"Text", b"Test"),
        (b"alerts@", b"alarms@"),
        (b"/u/t", b"/u/x"),
        (b"Subject:", b"Subject: Free\r\nSubject:"),
        (b"New", b"Old"),
    ):
        changed = mail.replace(old, new)
        assert not valid(changed, signer.record()), old


@pytest.mark.parametrize(
    ("key", "selector", "words"),
    [
        ("", "vigil1", "in PEM"),
        ("-----BEGIN PRIVATE KEY-----\nSECRET\n-----END PRIVATE KEY-----", "vigil1", "in PEM"),
        (pem(ec.generate_private_key(ec.SECP256R1())), "vigil1", "RSA or Ed25519"),
        (pem(ED), "", "selector"),
        (pem(ED), "a;b", "selector"),
    ],
)
def test_a_key_that_can_not_sign_is_said(key, selector, words):
    """Without showing any of it."""
    with pytest.raises(ValueError, match=words) as caught:
        Signer(key, selector)

    assert "SECRET" not in str(caught.value)


def test_a_mail_of_no_domain_goes_out_unsigned():
    """Nobody could check it."""
    assert Signer(pem(ED), "vigil1").sign(b"From: nobody\r\n\r\nx\r\n", NOW) == b"From: nobody\r\n\r\nx\r\n"
