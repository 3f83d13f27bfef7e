"""Twilio's status callbacks: an urlencoded form, signed over URL and fields (https://www.twilio.com/docs/usage/security).

There is no time in what is signed, so an old callback can be sent again. It then says what is known.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Sequence
from urllib.parse import parse_qsl

from domain.callback import Callback, Came
from notices.receipts.signed import Malformed, Unverified

CAME: dict[str, Came] = {"delivered": "delivered", "undelivered": "bounced", "failed": "failed"}
NO_SUCH_NUMBER = {"21211", "21614", "30005", "30006"}
"""Invalid number, not a mobile number, unknown destination, landline."""
OF_RECIPIENT = {"21211", "21610", "21612", "21614", "30003", "30004", "30005", "30006"}
"""Beside these: stopped by the recipient, can't be routed, handset away, blocked. `failed` with one of them came back."""
SIGNED_FIELDS = 100


def signature(token: str, url: str, fields: Sequence[tuple[str, str]]) -> str:
    """X-Twilio-Signature of the fields posted to `url`. A name with several values has each value once, in order."""
    unique = sorted(set(fields))
    signed = url + "".join(name + value for name, value in unique)
    return base64.b64encode(hmac.digest(token.encode(), signed.encode(), "sha1")).decode()


def read(token: str, url: str, given: str, body: bytes) -> list[Callback]:
    """Raises Unverified or Malformed. `url`: as Twilio was told it, with its query."""
    try:
        fields = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=SIGNED_FIELDS)
    except (UnicodeDecodeError, ValueError):
        raise Malformed("expected a form") from None
    if not token or not hmac.compare_digest(signature(token, url, fields).encode(), given.strip().encode()):
        raise Unverified("signature")
    told = dict(fields)
    sid = told.get("MessageSid") or told.get("SmsSid")
    if not sid:
        raise Malformed("expected MessageSid")
    code = told.get("ErrorCode", "")
    code = code if code.isascii() and code.isdigit() else ""
    came = CAME.get(told.get("MessageStatus") or told.get("SmsStatus") or "")
    if came is None:
        return []
    if came == "failed" and code in OF_RECIPIENT:
        came = "bounced"
    reason = f"Twilio error {code[:8]}" if code else None
    return [Callback(status=came, provider_id=sid[:200], channel="sms", reason=reason, dead=code in NO_SUCH_NUMBER)]
