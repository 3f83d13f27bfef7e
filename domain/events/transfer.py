"""Deposits, withdrawals and internal transfers."""

from typing import Literal

from domain.events.base import Input, Money, Text

Direction = Literal["withdrawal", "deposit", "internal_out", "internal_in"]
Status = Literal["requested", "approved", "rejected", "broadcast", "completed", "failed", "cancelled"]


class Transfer(Input, frozen=True, kw_only=True, omit_defaults=True, tag="transfer"):
    """One step in the life of a transfer. A withdrawal has an address (checked in domain.decode)."""

    transfer_id: Text
    direction: Direction
    status: Status
    asset: Text
    amount: Money
    network: Text | None = None
    address: Text | None = None
    memo: Text | None = None
    counterparty_user_id: Text | None = None
    usd_value: Money | None = None
    balance_usd: Money | None = None
