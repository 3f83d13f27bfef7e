"""Notices, renderings and findings for tests of stores and ledger."""

from datetime import UTC, datetime, timedelta
from typing import Any

from domain.ids import delivery_id, finding_id, notice_id
from domain.messages import Finding, Medium, Notice, Reason, Receipt, Source
from domain.ports import Rendered

NOW = datetime(2026, 11, 22, 10, 0, 0, 123456, tzinfo=UTC)
SECRET = "a secret of the tests, long enough"
MAIL = b"Subject: New device\r\n\r\n" + b"Someone signed in to your account.\r\n" * 200


def notice(number: int = 1, user: str = "u7", partition: int = 0, **changes: Any) -> Notice:
    """Notice `number` about event `e<number>`."""
    event = f"e{number}"
    values: dict[str, Any] = {
        "notice_id": notice_id(event, user, "login_new_device"),
        "user_id": user,
        "kind": "login_new_device",
        "severity": "notice",
        "created_at": NOW + timedelta(seconds=number),
        "expires_at": None,
        "finding_ids": [finding_id(event, "login_new_device")],
        "channels": ["email", "inapp"],
        "occurred_at": NOW,
        "group": event,
        "facts": {"device": "Chrome on Windows", "city": "Taipei"},
        "reasons": [Reason("device", "d9", "d1, d2", 0.93)],
        "detectors": {"login_new_device": "1"},
        "config_hash": "0123456789abcdef",
        "source": Source("logins", partition, 16 + number),
    }
    return Notice(**(values | changes))


def rendered(about: Notice, channel: Medium = "email", slot: str = "current", **changes: Any) -> Rendered:
    """The notice on one channel."""
    values: dict[str, Any] = {
        "delivery_id": delivery_id(about.notice_id, channel, slot),
        "notice_id": about.notice_id,
        "user_id": about.user_id,
        "kind": about.kind,
        "severity": about.severity,
        "channel": channel,
        "recipient": {"email": "mei@mail.example", "sms": "+886912345678", "inapp": about.user_id}[channel],
        "slot": slot,
        "locale": "zh-TW",
        "locale_reason": "user",
        "template": f"{about.kind}@3f2a91c0",
        "subject": "新裝置登入",
        "payload": MAIL if channel == "email" else "新裝置登入".encode(),
        "expires_at": about.expires_at,
    }
    return Rendered(**(values | changes))


def finding(number: int = 1, user: str = "u7", **changes: Any) -> Finding:
    """A finding on event `e<number>`."""
    values: dict[str, Any] = {
        "finding_id": finding_id(f"e{number}", "login_new_device"),
        "detector": "login_new_device",
        "version": "1",
        "config_hash": "0123456789abcdef",
        "severity": "notice",
        "score": 0.93,
        "reasons": [Reason("device", "d9", "d1, d2", 0.93)],
        "event_id": f"e{number}",
        "user_id": user,
        "occurred_at": NOW,
        "source": Source("logins", 0, 16 + number),
        "facts": {"device": "Chrome on Windows"},
    }
    return Finding(**(values | changes))


def receipt(of: Rendered, status: str = "sent", at: datetime = NOW, **changes: Any) -> Receipt:
    """What came of a delivery."""
    values: dict[str, Any] = {
        "notice_id": of.notice_id,
        "user_id": of.user_id,
        "channel": of.channel,
        "status": status,
        "provider": "mailto",
        "provider_id": "p1",
        "attempt": 1,
        "at": at,
        "delivery_id": of.delivery_id,
    }
    return Receipt(**(values | changes))
