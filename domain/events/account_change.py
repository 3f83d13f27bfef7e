"""Security settings, contacts, API keys and KYC."""

from typing import Literal

import msgspec

from domain.events.base import Input, Text
from domain.once import once

Change = Literal[
    "password_changed",
    "password_reset",
    "mfa_enabled",
    "mfa_disabled",
    "mfa_reset",
    "email_changed",
    "phone_changed",
    "api_key_created",
    "api_key_deleted",
    "address_whitelisted",
    "whitelist_disabled",
    "limit_raised",
    "kyc_approved",
    "kyc_rejected",
    "anti_phishing_code_changed",
    "recovery_requested",
]


class ChangeDetail(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What changed; which fields are set depends on the change. In `api_key_created` the key's id is `new`."""

    old: Text | None = None
    new: Text | None = None
    permissions: list[Text] | None = None
    ip_restricted: bool | None = None
    address: Text | None = None


NO_DETAIL = ChangeDetail()


class AccountChange(Input, frozen=True, kw_only=True, omit_defaults=True, tag="account_change"):
    """A change to the account itself."""

    change: Change
    detail: ChangeDetail | None = None

    @once
    def about(self) -> ChangeDetail:
        """The detail, never None."""
        return self.detail or NO_DETAIL
