"""A campaign of reports begins, or has grown to twice its size: the security team is told, not the reporter.

Score: reporters / (reporters + 2).
"""

from __future__ import annotations

from collections.abc import Iterable

from detectors.base import NORMAL, Detector, Score, Sighting
from detectors.campaign import marks
from detectors.campaign.report import Known, facts_of, reporter_of
from domain.events import Report
from domain.habits import Habits
from domain.messages import Reason


class CampaignAlert(Detector):
    """At `minimum_reporters`, and then at each doubling; once each, however often one of them reports again."""

    events = (Report,)
    minimum_reporters: int

    def crowd_one(self, seen: Sighting) -> Iterable[tuple[str, str]]:
        return [("report", mark) for mark in marks.of_report(seen.event)]

    def score_one(self, seen: Sighting, habits: Habits) -> Score:
        event: Report = seen.event
        if event.campaign is not None:
            return NORMAL
        known = Known(seen, marks.of_report(event))
        before, reporters = len(known.reporters), len(known.reporters | {reporter_of(event)})
        if reporters == before or not known.name or not self._step(reporters):
            return NORMAL
        value = reporters / (reporters + 2.0)
        told = {"campaign": known.name, "campaign_role": "reporter", "reporters": str(reporters), **facts_of(event, known)}
        return Score(
            value=value,
            reasons=[Reason("reporters", reporters, str(before), value)],
            subject=f"{known.name}|{reporters}",
            facts={fact: text for fact, text in told.items() if text},
        )

    def _step(self, reporters: int) -> bool:
        """Whether this is the first number, or a doubling of it."""
        times, rest = divmod(reporters, max(self.minimum_reporters, 1))
        return rest == 0 and times > 0 and times & (times - 1) == 0
