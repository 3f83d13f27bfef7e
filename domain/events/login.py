"""Login attempts."""

from typing import Literal

from domain.events.base import Input

Outcome = Literal["success", "wrong_password", "wrong_mfa", "blocked", "unknown_user"]
Mfa = Literal["none", "totp", "sms", "email", "passkey"]


class Login(Input, frozen=True, kw_only=True, omit_defaults=True, tag="login"):
    """One attempt to sign in."""

    outcome: Outcome
    mfa: Mfa | None = None
