"""What is normal for one account: small explicit statistics, a section a subject. Filled by the detectors' `learn_one` only."""

from __future__ import annotations

import msgspec

from domain.habits.account import AccountHabits
from domain.habits.keys import KeyHabits
from domain.habits.login import LoginHabits
from domain.habits.margin import MarginHabits
from domain.habits.payout import PayoutHabits
from domain.habits.positions import Positions
from domain.habits.service import ServiceHabits
from domain.habits.spending import SpendingHabits
from domain.habits.trade import TradeHabits
from domain.habits.transfer import TransferHabits


class Habits(msgspec.Struct, array_like=True):
    """Sections are appended, never reordered."""

    events: int = 0
    """Events handled (learned or not)."""
    first_at: float = 0.0
    last_at: float = 0.0
    login: LoginHabits = msgspec.field(default_factory=LoginHabits)
    transfer: TransferHabits = msgspec.field(default_factory=TransferHabits)
    trade: TradeHabits = msgspec.field(default_factory=TradeHabits)
    margin: MarginHabits = msgspec.field(default_factory=MarginHabits)
    keys: KeyHabits = msgspec.field(default_factory=KeyHabits)
    service: ServiceHabits = msgspec.field(default_factory=ServiceHabits)
    payout: PayoutHabits = msgspec.field(default_factory=PayoutHabits)
    spending: SpendingHabits = msgspec.field(default_factory=SpendingHabits)
    account: AccountHabits = msgspec.field(default_factory=AccountHabits)
    positions: Positions = msgspec.field(default_factory=Positions)
