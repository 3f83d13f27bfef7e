"""Deposits, withdrawals and internal transfers."""

from typing import Literal

from domain.addresses import normal
from domain.events.base import Input, Money, Text, approximate
from domain.once import once

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

    @once
    def leaves(self) -> bool:
        """Whether money goes out."""
        return self.direction in ("withdrawal", "internal_out")

    @once
    def asked(self) -> bool:
        """Whether this is the moment to judge it: money is to go out and hasn't yet."""
        return self.status == "requested" and self.leaves

    @once
    def undone(self) -> bool:
        """Whether it came to nothing."""
        return self.status in ("failed", "rejected", "cancelled")

    @once
    def payee(self) -> tuple[str, str]:
        """Address and memo (accounts at an exchange share an address and differ in the memo); of an internal transfer the other user."""
        if self.address:
            return normal(self.address[:128]), (self.memo or "")[:64]
        return (f"user:{self.counterparty_user_id}"[:128], "") if self.counterparty_user_id else ("", "")

    @once
    def usd(self) -> float | None:
        """USD value, approximately; None where not told."""
        return approximate(self.usd_value)

    @once
    def balance(self) -> float | None:
        """USD on the account before it, approximately; None where not told."""
        return approximate(self.balance_usd)

    @once
    def told(self) -> dict[str, str]:
        """What is told of it, by the names of domain.facts; to be read only, it is one for all."""
        named = {
            "transfer_id": self.transfer_id,
            "amount": self.amount,
            "asset": self.asset,
            "network": self.network,
            "usd_value": self.usd_value,
            "address": self.address or self.counterparty_user_id,
            "balance_usd": self.balance_usd,
        }
        return {name: value[:200] for name, value in named.items() if value}
