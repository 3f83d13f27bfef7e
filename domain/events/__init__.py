"""Input events, one module a subject, and which topic carries which."""

from domain.events.account_change import AccountChange
from domain.events.announcement import Announcement
from domain.events.base import Client, Input
from domain.events.login import Login
from domain.events.margin import Margin
from domain.events.report import Report
from domain.events.service import Service
from domain.events.trade import Trade
from domain.events.transfer import Transfer
from domain.events.user import User
from domain.events.verdict import Verdict

Event = Login | Transfer | Trade | AccountChange | Margin | Service | Report | Verdict | Announcement

STRUCTS: dict[str, type[Input]] = {
    "logins": Login,
    "transfers": Transfer,
    "trades": Trade,
    "account-changes": AccountChange,
    "margin": Margin,
    "service-events": Service,
    "reports": Report,
    "announcements": Announcement,
    "verdicts": Verdict,
}
"""Topic (without prefix) -> struct. `users` is apart: it is a directory, not an event (domain.decode.decode_user)."""

TOPIC_OF: dict[type[Input], str] = {struct: topic for topic, struct in STRUCTS.items()}
INPUT_TOPICS = (*STRUCTS, "users")
OUTPUT_TOPICS = ("findings", "notices", "receipts", "account-actions", "dead-letters")
OWN_TOPICS = ("features", "models")
"""Between workers and trainer; nobody else's business (detectors.models)."""

__all__ = [
    "INPUT_TOPICS", "OUTPUT_TOPICS", "OWN_TOPICS", "STRUCTS", "TOPIC_OF", "AccountChange", "Announcement", "Client", "Event", "Input",
    "Login", "Margin", "Report", "Service", "Trade", "Transfer", "User", "Verdict",
]  # fmt: skip
