"""What a change of the account is called, as a sentence without its full stop: a subject, a reason and a text message in one."""

from __future__ import annotations

from notices.compose.catalogue import Words


def sentence(change: str, permissions: str, _: Words) -> str:
    """The change in words; `permissions`: an API key's, comma separated. An unknown change reads as a security setting."""
    if change == "api_key_created" and may_withdraw(permissions):
        return _("A new API key can withdraw from your account")
    sentences = {
        "password_changed": _("The password of your account was changed"),
        "password_reset": _("The password of your account was reset"),
        "mfa_enabled": _("Two-factor was switched on for your account"),
        "mfa_disabled": _("Two-factor was switched off on your account"),
        "mfa_reset": _("Two-factor was reset on your account"),
        "email_changed": _("The e-mail address of your account was changed"),
        "phone_changed": _("The phone number of your account was changed"),
        "api_key_created": _("A new API key was made for your account"),
        "api_key_deleted": _("An API key of your account was deleted"),
        "address_whitelisted": _("A withdrawal address was saved on your account"),
        "whitelist_disabled": _("The address list of your account was switched off"),
        "limit_raised": _("The withdrawal limit of your account was raised"),
        "anti_phishing_code_changed": _("Your anti-phishing code was changed"),
        "recovery_requested": _("Recovery of your account was requested"),
    }
    return sentences.get(change) or _("A security setting of your account was changed")


def consequence(change: str, permissions: str, _: Words) -> str:
    """What the change means for the account's safety; '' where the change says it all."""
    if change == "api_key_created" and may_withdraw(permissions):
        return _("With this right a key can send coins out of your account without your password.")
    if change in ("mfa_disabled", "mfa_reset"):
        return _("Without two-factor the password alone opens your account.")
    if change == "whitelist_disabled":
        return _("Coins can now be sent to any address.")
    if change in ("email_changed", "phone_changed"):
        return _("Codes and notices now go to the new contact.")
    return ""


def may_withdraw(permissions: str) -> bool:
    """Whether an API key's permissions include withdrawals."""
    return "withdraw" in {part.strip().lower() for part in permissions.split(",")}
