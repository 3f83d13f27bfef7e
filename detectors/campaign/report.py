"""Reports of the same fraud by several users are a campaign; whom it reaches is warned.

Reports belong together that share a mark (detectors.campaign.marks) within a month. A campaign bears the name of the first of its reports.
Score: reporters / (reporters + 2). Who pays a reported address is warned before the money leaves; who paid it for the first time lately is
told by a report of Vigil's own.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import blake2b
from typing import ClassVar

from detectors.base import NORMAL, Detector, Gate, Score, Sighting
from detectors.campaign import marks
from domain.events import Event, Report, Transfer
from domain.habits import Habits
from domain.habits.login import fingerprint
from domain.messages import Reason

_NAME = 12
"""Characters of a campaign's name."""
_LATE = 3_600.0
"""Seconds by which a report may come after others that were written later: people are on different partitions."""


class Known:
    """What the sets say of a campaign: its name, reporters, first and last report."""

    def __init__(self, seen: Sighting, keys: Iterable[str]):
        found = [pair for key in keys for pair in seen.crowd.members("report", key, seen.event.at + _LATE)]
        first = min(found, key=lambda pair: (pair[1], pair[0]), default=("", 0.0))
        self.name, self.first_at = first[0][:_NAME], first[1]
        self.reporters = {member[_NAME:] for member, _ in found}


class ReportCampaign(Detector):
    """Only different reporters count. Reporters learn that others saw it too; payers, that it is fraud."""

    events = (Report, Transfer)
    judges: ClassVar[Gate] = {Transfer: {"direction": ("withdrawal",), "status": ("requested",)}}
    counts = judges
    minimum_reporters: int

    def crowd_one(self, seen: Sighting) -> Iterable[tuple[str, str]]:
        event = seen.event
        if isinstance(event, Transfer):
            return [("report", marks.of_address(event.address or ""))] if _pays(event) else ()
        keys = [("report", mark) for mark in marks.of_report(event)]
        return keys + [("paid-lately", mark) for mark in map(marks.of_address, event.addresses[: marks.ADDRESSES])]

    def score_one(self, seen: Sighting, habits: Habits) -> Score:
        event = seen.event
        if isinstance(event, Transfer):
            return self._of_payment(seen) if _pays(event) else NORMAL
        known = Known(seen, marks.of_report(event))
        if event.campaign is not None:
            return self._score(seen, event.campaign[:_NAME], len(known.reporters), "payer", facts_of(event, known))
        before, reporters = len(known.reporters), len(known.reporters | {reporter_of(event)})
        grows = reporters > before and reporters >= self.minimum_reporters and reporters & (reporters - 1) == 0
        tells = _to_payers(seen, known.name) if grows or (before < self.minimum_reporters <= reporters) else []
        return self._score(seen, known.name, reporters, "reporter", facts_of(event, known), tells)

    def count_one(self, seen: Sighting, habits: Habits) -> None:
        event = seen.event
        if isinstance(event, Transfer):
            if _pays(event) and not habits.transfer.knows(*event.payee):
                seen.crowd.add("paid-lately", marks.of_address(event.address or ""), event.user_id, event.at)
        elif event.campaign is None:
            shared = marks.of_report(event)
            name = Known(seen, shared).name or blake2b(event.event_id.encode(), digest_size=_NAME // 2).hexdigest()
            for mark in shared:
                seen.crowd.add("report", mark, name + reporter_of(event), event.at)

    def _of_payment(self, seen: Sighting) -> Score:
        event: Transfer = seen.event
        mark = marks.of_address(event.address or "")
        if not seen.crowd.count("report", mark, event.at + _LATE):  # of nearly all addresses
            return NORMAL
        known = Known(seen, [mark])
        if len(known.reporters) < self.minimum_reporters:
            return NORMAL
        told = {"address": (event.address or "")[:200], "transfer_id": event.transfer_id, "first_at": _moment(known.first_at)}
        return self._score(seen, known.name, len(known.reporters), "payer", told)

    def _score(self, seen: Sighting, name: str, reporters: int, role: str, told: dict[str, str], tells: list[Event] | None = None) -> Score:
        if reporters < self.minimum_reporters or not name:
            return NORMAL
        value = reporters / (reporters + 2.0)
        facts = {"campaign": name, "campaign_role": role, "reporters": str(reporters), **told}
        return Score(
            value=value,
            reasons=[Reason("reporters", reporters, f"below {self.minimum_reporters}", value)],
            subject=f"{name}|{role}",
            severity="notice" if role == "payer" else None,
            facts={fact: text for fact, text in facts.items() if text},
            tells=tells or [],
        )


def _pays(event: Transfer) -> bool:
    return event.direction == "withdrawal" and event.status == "requested" and bool(event.address)


def reporter_of(event: Report) -> str:
    """Stands for who reports, in the sets."""
    return f"{fingerprint(event.user_id):x}"


def facts_of(event: Report, known: Known) -> dict[str, str]:
    """What is told of a report; empty where it isn't known."""
    host = next(filter(None, map(marks.host_of, event.urls[: marks.HOSTS])), "")
    return {
        "report_subject": event.subject,
        "host": marks.defanged(host) if host else "",
        "address": event.addresses[0][:200] if event.addresses else "",
        "first_at": _moment(known.first_at) if known.first_at else "",
    }


def _to_payers(seen: Sighting, name: str) -> list[Event]:
    """A report of Vigil's own for each other user who paid one of the addresses for the first time lately."""
    event: Report = seen.event
    told: dict[str, Event] = {}
    for address in event.addresses[: marks.ADDRESSES]:
        for user_id, _ in seen.crowd.members("paid-lately", marks.of_address(address), event.at + _LATE):
            if user_id != event.user_id and user_id not in told:
                told[user_id] = Report(
                    event_id=f"reached-{name}-{fingerprint(user_id):x}",
                    user_id=user_id,
                    occurred_at=event.occurred_at,
                    subject=event.subject,
                    text="",
                    urls=[],
                    addresses=[address[:200]],
                    senders=[],
                    campaign=name,
                )
    return list(told.values())


def _moment(at: float) -> str:
    return datetime.fromtimestamp(max(at, 0.0), UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
