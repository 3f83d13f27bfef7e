"""What Vigil publishes: findings, notices, receipts, account actions, dead letters. The promised fields first, then those added."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from domain.severity import Severity

Action = Literal["hold_withdrawal", "require_step_up", "freeze_account", "revoke_sessions", "disable_api_key", "release"]
DeliveryStatus = Literal["queued", "sent", "delivered", "bounced", "rejected", "failed", "suppressed", "expired", "unknown"]
Medium = Literal["email", "sms", "inapp"]


class Source(msgspec.Struct, frozen=True):
    """Where the event stood at the broker; topic with its prefix."""

    topic: str
    partition: int
    offset: int


class Reason(msgspec.Struct, frozen=True):
    """One contribution to a score. `feature` is of a closed vocabulary (domain.facts.FEATURES).

    The contributions of a finding add up to its score.
    """

    feature: str
    value: str | float | int | None
    usual: str | None
    contribution: float


LeansOn = Literal["own", "few", "all"]
"""What a judgement rests on: the account's own statistics; its few, shrunk towards what is common; those of all accounts alone."""


class Weight(msgspec.Struct, frozen=True):
    """A contribution to the risk of an event, in nats of log odds. `feature`: of a family of models, a detector's id, or `base`."""

    feature: str
    value: float | None
    """What was seen, where it is a number."""
    nats: float


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """The risk of the event that a finding is on, for the security team."""

    risk: float
    """In [0, 1]; the log odds turned into a number."""
    log_odds: float
    parts: list[Weight]
    """Add up to the log odds, the largest first."""
    history: int
    """Events of the account's own that it rests on."""
    leans_on: LeansOn
    frauds_learned: int
    """By the model that had a part in it; 0: statistics and rules alone."""


FOR_TEAM = "team"
"""Why a finding isn't told to its user: it is the security team's alone."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What a detector saw on one event."""

    finding_id: str
    detector: str
    version: str
    config_hash: str
    severity: Severity
    score: float
    reasons: list[Reason]
    event_id: str
    user_id: str
    occurred_at: datetime
    source: Source | None = None
    subject: str | None = None
    """What it is about, for cooldown: same detector and subject isn't told again in its window."""
    facts: dict[str, str] = {}
    """For the words: raw values by the names of domain.facts."""
    story_events: list[str] = []
    """For a story: ids of its events in event time, this one's last."""
    notice_id: str | None = None
    suppressed: str | None = None
    """Why the user isn't told of it: `cooldown`, `merged`, `snoozed`, `budget` ...; None when it is part of `notice_id`."""
    asks: list[Action] = []
    """What its detector wants of the exchange, whatever its severity brings; empty: that."""
    judged: Judgement | None = None
    """The risk of its event, taken apart."""


class Asked(msgspec.Struct, frozen=True):
    """What the exchange was asked for with a notice."""

    action: Action
    target: str | None
    expires_at: datetime | None


class OldContact(msgspec.Struct, frozen=True):
    """A contact as a change of contacts names it."""

    kind: Literal["email", "phone"]
    value: str


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """What a user is told, before composition; carries all that composition needs but the directory."""

    notice_id: str
    user_id: str
    kind: str
    severity: Severity
    created_at: datetime
    expires_at: datetime | None
    finding_ids: list[str]
    channels: list[Medium]
    occurred_at: datetime
    group: str
    """The id of the event that completed it."""
    answerable: bool = True
    facts: dict[str, str] = {}
    reasons: list[Reason] = []
    asked: list[Asked] = []
    detectors: dict[str, str] = {}
    """Detector id -> version."""
    config_hash: str = ""
    source: Source | None = None
    old_contacts: list[OldContact] = []
    """Contacts that this very change replaced."""
    new_contacts: list[OldContact] = []
    """What this very change put in their place: the directory may not know it yet."""
    digest: list[Medium] = []
    """Channels on which this notice is left to the next digest (throttled)."""
    suppressed: dict[str, str] = {}
    """Channel -> reason, recorded and not sent."""
    parts: list[str] = []
    """For a digest: ids of the notices it names."""
    thread: str = ""
    """What it goes on about: older notices of the same user and thread that were not sent yet aren't sent any more. One without channels
    only ends the thread."""
    suspects: list[str] = []
    """domain.ids.suspect_mark of the sessions and devices that it is about: their "this was me" decides nothing."""


class SmsCost(msgspec.Struct, frozen=True, kw_only=True):
    """What a text message took."""

    country: str
    """Of its number, ISO 3166; '' where it has none."""
    segments: int
    cost: str | None = None
    """A decimal of `currency`; None where no price is known."""
    currency: str = ""


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one delivery attempt."""

    notice_id: str
    user_id: str
    channel: Medium
    status: DeliveryStatus
    provider: str | None
    provider_id: str | None
    attempt: int
    at: datetime
    reason: str | None = None
    delivery_id: str = ""
    sms: SmsCost | None = None
    """Of a text message that a provider took, or may have taken."""


class AccountAction(msgspec.Struct, frozen=True, kw_only=True):
    """What the exchange is asked to do; idempotent by action_id."""

    action_id: str
    user_id: str
    action: Action
    target: str | None
    finding_ids: list[str]
    requested_at: datetime
    expires_at: datetime | None
    case: str | None = None
    """Number of the case that the user's "not me" opened, for who talks to the user."""


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """What could not be taken, whole; key and value base64."""

    topic: str
    partition: int
    offset: int
    key: str | None
    value: str | None
    reason: str
    field: str | None
    at: datetime
