"""What to do next for the safety of an account, in words: the steps of the security report."""

from __future__ import annotations

from functools import lru_cache

from notices.compose.catalogue import Words
from notices.compose.templates import tip_text

_TIPS = {"own_password": "tip_own_password", "email_account": "tip_email_account", "codes": "tip_codes"}
"""Steps that are good for everyone say what the tip says."""


def steps(codes: str, _: Words, brand: str) -> list[str]:
    """What to do, by the comma list of domain.protection.STEPS; codes of another version are left out."""
    return _steps(codes, _, brand) if codes else []


@lru_cache(maxsize=1024)
def _steps(codes: str, _: Words, brand: str) -> list[str]:
    own = {
        "mfa_on": _("Turn on two-factor with an authenticator app or a passkey, in the app under Security."),
        "mfa_better": _("Use an authenticator app or a passkey for two-factor, in the app under Security."),
        "whitelist": _("Switch on the address list for withdrawals, in the app under Security."),
        "code": _("Choose an anti-phishing code, in the app under Security."),
        "contacts": _("Complete your e-mail address and phone number, in the app under Security."),
        "contacts_fix": _("Open the app yourself: Security, Contacts. Correct it there, so that warnings about your account reach you."),
        "keys_limit": _("An API key can be limited to your own network addresses in the app: Security, API keys."),
        "keys_stale": _("API keys that you no longer use can be deleted in the app: Security, API keys."),
        "findings": _("Answer the notices that wait for you, in the app: Account, Notices."),
        "check_mfa": _("Look in the app, under Security, whether two-factor is on."),
        "check_whitelist": _("Look in the app, under Security, whether the address list is on."),
    }
    said = (own.get(code) or tip_text(_TIPS.get(code, ""), _, brand) for code in codes.split(","))
    return [line for line in said if line]
