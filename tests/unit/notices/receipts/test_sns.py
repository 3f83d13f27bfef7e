"""Amazon SNS and SES, with a certificate of our own."""

from base64 import b64encode
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from ledger.book import Book
from notices.deliver.outgoing import sealing
from notices.receipts import dsn, sns
from notices.receipts.signed import Malformed, Unverified
from tests.support.told import SECRET, notice, rendered

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
KEY, OTHER = (rsa.generate_private_key(65537, 2048) for _ in range(2))
TOPIC = "arn:aws:sns:eu-west-1:123456789012:ses"
CERTIFICATE = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem"
SEAL = sealing(Book(SECRET).mark)
MEANT = rendered(notice()).delivery_id


def certificate(_url="", key=KEY, days=10):
    """PEM."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    made = x509.CertificateBuilder(name, name, key.public_key(), 7, NOW - timedelta(days=20), NOW + timedelta(days=days))
    return made.sign(key, SHA256()).public_bytes(Encoding.PEM)


def posted(message="hello", version="2", key=KEY, **changes):
    """As SNS posts it; `changes` after it was signed."""
    told = {
        "Type": "Notification", "MessageId": "m1", "TopicArn": TOPIC, "Message": message, "Timestamp": "2026-11-22T09:59:00.000Z",
        "SignatureVersion": version, "SigningCertURL": CERTIFICATE, "Subject": "s",
    } | {k: v for k, v in changes.items() if k in ("Type", "SubscribeURL", "Token", "Timestamp")}  # fmt: skip
    names = ("Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
    if told["Type"] != "Notification":
        del told["Subject"]
    text = "".join(f"{name}\n{told[name]}\n" for name in names if name in told)
    signature = key.sign(text.encode(), padding.PKCS1v15(), SHA256() if version == "2" else SHA1())
    return msgspec.json.encode(told | {"Signature": b64encode(signature).decode()} | changes)


@pytest.mark.parametrize("version", ["1", "2"])
def test_what_sns_signed_is_believed(version):
    """By either of its ways."""
    assert sns.verified(posted(version=version), {TOPIC}, certificate, NOW).message == "hello"


def test_a_subscription_is_confirmed_by_its_own_fields():
    """They are signed in another selection."""
    told = {"Type": "SubscriptionConfirmation", "SubscribeURL": "https://sns.eu-west-1.amazonaws.com/?x", "Token": "t"}

    assert sns.verified(posted(**told), {TOPIC}, certificate, NOW).subscribe_url == told["SubscribeURL"]


@pytest.mark.parametrize(
    ("body", "pem"),
    [
        (posted(Message="other"), certificate()),
        (posted(key=OTHER), certificate()),
        (posted(TopicArn="arn:aws:sns:eu-west-1:666:mine"), certificate()),
        (posted(Timestamp="2026-11-22T07:00:00Z"), certificate()),
        (posted(), certificate(days=-1)),
        (posted(), b"no certificate"),
        (posted(Signature="!"), certificate()),
    ],
)
def test_what_is_not_its_own_is_not_believed(body, pem):
    """Altered, of another key or topic, old, or with a certificate that is over."""
    with pytest.raises(Unverified):
        sns.verified(body, {TOPIC}, lambda url: pem, NOW)


@pytest.mark.parametrize(
    "url",
    [
        "http://sns.eu-west-1.amazonaws.com/a.pem", "https://sns.eu-west-1.amazonaws.com.evil.example/a.pem", "https://evil.example/a.pem",
        "https://sns.eu-west-1.amazonaws.com@evil.example/a.pem", "https://evil.example/sns.eu-west-1.amazonaws.com/a.pem",
        "https://sns.eu-west-1.amazonaws.com:8443/a.pem", "https://s3.amazonaws.com/a.pem", "https://sns.eu-west-1.amazonaws.com/a.txt",
        "https://sns.eu-west-1.amazonaws.com:x/a.pem", "file:///etc/a.pem",
    ],
)  # fmt: skip
def test_a_certificate_comes_from_amazon_alone(url):
    """Nothing is fetched from anywhere else."""
    with pytest.raises(Unverified):
        sns.verified(posted(SigningCertURL=url), {TOPIC}, lambda url: pytest.fail("fetched"), NOW)


def said(event):
    """What an event of SES says."""
    return sns.read(sns.verified(posted(msgspec.json.encode(event).decode()), {TOPIC}, certificate, NOW), SEAL)


MAIL = {
    "messageId": "0100018a-1",
    "headers": [{"name": "To", "value": "mei@mail.example"}, {"name": dsn.HEADER, "value": dsn.mark(MEANT, SEAL)}],
}


@pytest.mark.parametrize(
    ("kind", "detail", "dead"), [("Permanent", "General", True), ("Permanent", "Suppressed", False), ("Transient", "MailboxFull", False)]
)
def test_a_bounce_names_its_delivery(kind, detail, dead):
    """By our mark; a full mailbox is no dead address; no contact is kept."""
    bounce = {
        "bounceType": kind,
        "bounceSubType": detail,
        "bouncedRecipients": [{"emailAddress": "mei@mail.example", "diagnosticCode": "smtp; 550 mei@mail.example unknown"}],
    }
    (one,) = said({"notificationType": "Bounce", "mail": MAIL, "bounce": bounce})

    assert (one.status, one.delivery_id, one.provider_id, one.dead) == ("bounced", MEANT, "0100018a-1", dead)
    assert "mei@" not in (one.reason or "")


def test_arrival_is_told_and_the_rest_says_nothing_of_a_delivery():
    """Opens are not asked for, and a complaint came from somebody who has the mail."""
    assert [one.status for one in said({"eventType": "Delivery", "mail": {"messageId": "x"}})] == ["delivered"]
    assert said({"eventType": "Complaint", "mail": MAIL}) == said({"eventType": "Open"}) == []
    with pytest.raises(Malformed):
        said({"eventType": "Bounce", "mail": MAIL})
