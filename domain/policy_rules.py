"""What people tune about notices (config/notices.yaml), as plain values. The defaults are the severity table of docs/notices.md."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from domain.messages import Medium
from domain.severity import Severity

Seconds = Annotated[int, Meta(ge=0, le=366 * 86_400)]
Count = Annotated[int, Meta(ge=1, le=1000)]
Ask = Literal["step_up", "hold", "nothing"]

DAY = 86_400


class KindRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How notices of one kind (a detector's id) differ from what their severity brings."""

    cooldown: Seconds | None = None
    """Seconds in which the same subject isn't told again; None: the general one."""
    always_email: bool = False
    """By e-mail at every severity, never throttled."""
    asks: Ask | None = None
    """What the exchange is asked, whatever the severity; None: what the severity brings."""
    answerable: bool = True
    expires: Seconds | None = None
    """Seconds after which the notice is stale and is not sent any more."""
    thread: str = ""
    """The fact that tells the threads of its family apart: a newer notice of a thread takes the place of unsent older ones."""
    settled_below: Annotated[float, Meta(ge=0, le=100)] | None = None
    """Percent of liquidation below which a margin account is out of danger: then unsent warnings of it are recalled."""


class Throttle(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """At most `emails` at severity notice a user in `seconds`; the rest goes into one digest."""

    emails: Count = 5
    seconds: Seconds = 3600


class SeverityRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a severity brings."""

    channels: list[Medium]
    asks: Ask = "nothing"


Address = Annotated[str, Meta(max_length=320, pattern="^[^\\s<>@]+@[^\\s<>@]+$")]


class Managers(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Account managers, who get a copy of what their clients are told by e-mail: without answer link and anti-phishing code."""

    severities: tuple[Severity, ...] = ("warning", "critical")
    people: dict[str, Address] = {}
    """Name, as `account_manager` in the topic users has it -> address. The directory can't name an address itself."""
    tiers: dict[Literal["regular", "vip", "institutional"], Address] = {}
    """For clients of a tier whose manager isn't among `people`."""
    locale: str = "en"
    time_zone: str = "UTC"


class Announcements(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How announcements go out that don't say it themselves."""

    wave: Annotated[int, Meta(ge=1, le=1_000_000)] = 1000
    """Readers told at once."""
    gap: Annotated[int, Meta(ge=0, le=86_400)] = 5
    """Seconds until the next wave."""
    approve_topic: bool = False
    """Those of the topic too wait for someone at the console."""


Price = Annotated[str, Meta(pattern="^[0-9]{1,4}([.][0-9]{1,6})?$")]
"""A decimal in quotes: exact."""


class SmsPrices(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a segment of a text message costs."""

    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")] = "USD"
    providers: dict[str, dict[Annotated[str, Meta(pattern="^([A-Z]{2}|default)$")], Price]] = {}
    """Provider as receipts name it (`smsgw`, `twilio`) -> country of the number (ISO 3166), or `default` -> price of a segment."""


class Rules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of it. `order` decides which finding names the notice when several are equally grave: the first listed."""

    cooldown: Seconds = DAY
    throttle: Throttle = Throttle()
    hold: Seconds = DAY
    """Seconds until a hold or a step-up lapses."""
    daily_digest: Annotated[str, Meta(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$")] = "09:00"
    """When a daily digest goes out, by its reader's clock."""
    severities: dict[Severity, SeverityRule] = msgspec.field(
        default_factory=lambda: {
            "info": SeverityRule(channels=["inapp"]),
            "notice": SeverityRule(channels=["email", "inapp"]),
            "warning": SeverityRule(channels=["email", "sms", "inapp"], asks="step_up"),
            "critical": SeverityRule(channels=["email", "sms", "inapp"], asks="hold"),
        }
    )
    kinds: dict[str, KindRule] = {}
    managers: Managers = Managers()
    announcements: Announcements = Announcements()
    sms_prices: SmsPrices = SmsPrices()
    order: list[str] = []

    def kind(self, name: str) -> KindRule:
        """The rule of a kind, or the general one."""
        return self.kinds.get(name, _ANY)


_ANY = KindRule()
