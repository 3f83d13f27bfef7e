"""Amazon SNS, by which SES tells of mails: a JSON envelope signed with a certificate that the envelope names
(https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html).

The certificate is only fetched from Amazon's own hosts, so that nobody can name his own; and only topics that are configured are heard, for
anybody may have a topic.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.x509 import load_pem_x509_certificate

from domain.callback import Callback
from notices.deliver.outcome import scrub
from notices.receipts import dsn
from notices.receipts.signed import Malformed, Unverified

HOST = re.compile(r"sns\.[a-z0-9-]{3,30}\.amazonaws\.com(\.cn)?")
OLDEST = timedelta(hours=2)
"""SNS tries for an hour."""
_NOTIFICATION = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_CONFIRMATION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")


class Envelope(msgspec.Struct, frozen=True, rename="pascal"):
    """What SNS posts."""

    type: Literal["Notification", "SubscriptionConfirmation", "UnsubscribeConfirmation"]
    message: str
    message_id: str
    timestamp: datetime
    topic_arn: str
    signature: str
    signature_version: Literal["1", "2"]
    signing_cert_url: str = msgspec.field(name="SigningCertURL")
    subscribe_url: str = msgspec.field(name="SubscribeURL", default="")


_ENVELOPE = msgspec.json.Decoder(Envelope)


def ours(url: str) -> bool:
    """Whether an address is SNS's own, over TLS and on the usual port."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    return parts.scheme == "https" and port is None and parts.username is None and HOST.fullmatch(parts.netloc) is not None


def verified(body: bytes, topics: Collection[str], certificate: Callable[[str], bytes], now: datetime) -> Envelope:
    """The envelope. `certificate(url)`: the PEM at an address of SNS's own; may raise OSError. Raises Unverified, Malformed."""
    try:
        envelope, raw = _ENVELOPE.decode(body), msgspec.json.decode(body)
    except msgspec.MsgspecError as error:
        raise Malformed(str(error)) from None
    if envelope.topic_arn not in topics:
        raise Unverified("topic")
    if envelope.timestamp.tzinfo is None or abs(now - envelope.timestamp) > OLDEST:
        raise Unverified("timestamp")
    if not ours(envelope.signing_cert_url) or not urlsplit(envelope.signing_cert_url).path.endswith(".pem"):
        raise Unverified("certificate")
    names = _NOTIFICATION if envelope.type == "Notification" else _CONFIRMATION
    text = "".join(f"{name}\n{raw[name]}\n" for name in names if raw.get(name) is not None)
    try:
        found = load_pem_x509_certificate(certificate(envelope.signing_cert_url))
        key = found.public_key()
        if not isinstance(key, RSAPublicKey) or not found.not_valid_before_utc <= now <= found.not_valid_after_utc:
            raise Unverified("certificate")
        # Version 1 is SHA-1 by SNS's choice; a topic can be set to 2.
        key.verify(b64decode(envelope.signature), text.encode(), PKCS1v15(), SHA256() if envelope.signature_version == "2" else SHA1())  # noqa: S303
    except InvalidSignature:
        raise Unverified("signature") from None
    except ValueError as error:
        raise error if isinstance(error, Unverified) else Unverified("certificate") from None
    return envelope


def read(envelope: Envelope, seal: dsn.Seal) -> list[Callback]:
    """What SES says in a verified notification: arrival or return; opens, clicks and complaints say nothing of a delivery.

    The mail is known by our own mark where SES sends the headers along, else by the id under which SES took it. Raises Malformed.
    """
    try:
        event: dict[str, Any] = msgspec.json.decode(envelope.message, type=dict[str, Any])
    except msgspec.MsgspecError:
        return []  # SNS's own words, such as those that greet a new subscriber
    try:
        kind, mail = event.get("eventType") or event.get("notificationType"), event.get("mail") or {}
        if kind not in ("Bounce", "Delivery"):
            return []
        headers = "\n".join(f"{one['name']}: {one['value']}" for one in mail.get("headers") or ())
        about: dict[str, Any] = {"delivery_id": dsn.unmark(headers, seal), "provider_id": str(mail.get("messageId") or "")[:200] or None}
        if kind == "Delivery":
            return [Callback(status="delivered", channel="email", **about)]
        bounce = event["bounce"]
        recipient = (bounce.get("bouncedRecipients") or [{}])[0]
        said = str(recipient.get("diagnosticCode") or f"{bounce.get('bounceType')} {bounce.get('bounceSubType')}")
        dead = bounce.get("bounceType") == "Permanent" and bounce.get("bounceSubType") in ("General", "NoEmail")
        reason = scrub(said, str(recipient.get("emailAddress") or ""))
        return [Callback(status="bounced", channel="email", reason=reason, dead=dead, **about)]
    except (KeyError, TypeError, AttributeError, IndexError):
        raise Malformed("expected an event of SES") from None
