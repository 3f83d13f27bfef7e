"""Alert budgets: what a family may tell a day (config/detectors.yaml), and what is held back where it would tell more.

Never held back: warning and critical, changes of security settings, stories. Info stays in the app and costs nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from detectors.models.alarms import DAY, Alarms
from domain.messages import Finding
from domain.profile import UserState
from domain.status import BudgetStanding

HELD_BACK = "budget"
"""Why a finding isn't told."""
EXEMPT = "account"
"""The family of security settings."""


class Budget:
    """Of one configuration: budget by family, family by detector. `spend` is asked of each event while there are budgets."""

    def __init__(self, budgets: Mapping[str, float], family_of: Mapping[str, str]):
        self.budgets = budgets
        self.family_of = {detector: family for detector, family in family_of.items() if family in budgets}

    def spend(self, findings: list[Finding], event: Any, state: UserState, alarms: Any) -> list[Finding]:
        """The findings, with what the budget has no room for marked so. `alarms`: detectors.models.alarms.Alarms of the partition."""
        at = event.at
        alarms.be(at, state.habits.last_at, self.budgets, self.family_of)
        return [self._one(finding, at, state, alarms) for finding in findings] if findings else findings

    def standing(self, partitions: Iterable[Alarms]) -> list[BudgetStanding]:
        """Where each family with a budget stands, in all of these together."""
        whole = Alarms()
        for alarms in partitions:
            whole.add(alarms)
        return whole.standing(self.budgets, self.family_of)

    def _one(self, finding: Finding, at: float, state: UserState, alarms: Any) -> Finding:
        if finding.severity != "notice" or finding.detector not in self.family_of or finding.story_events or finding.suppressed:
            return finding
        day = int(at // DAY)
        anew = not any(int(p.at // DAY) == day and any(f.detector == finding.detector for f in p.found) for p in state.pending)
        if alarms.may_tell(finding.detector, finding.score, anew):
            return finding
        return msgspec.structs.replace(finding, suppressed=HELD_BACK)


def checked(raw: Any, families: Sequence[str], mistakes: list[str]) -> dict[str, float]:
    """The budgets of a configuration: family -> notices per 1,000 active users and day. What is wrong is added to `mistakes`."""
    if raw is None:
        return {}
    if not isinstance(raw, Mapping):
        mistakes.append("alert_budget: expected a mapping of families")
        return {}
    budgets = {}
    for family, value in raw.items():
        if family == EXEMPT or family == "stories":
            mistakes.append(f"alert_budget.{family}: {'security changes' if family == EXEMPT else 'stories'} are always told")
        elif family not in families:
            mistakes.append(
                f"alert_budget.{family}: there is no such family; expected some of {', '.join(f for f in families if f != EXEMPT)}"
            )
        elif isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value <= 0:
            mistakes.append(f"alert_budget.{family}: expected notices per 1,000 active users a day, above 0, not {value!r}")
        else:
            budgets[str(family)] = float(value)
    return budgets


def standing(engine: Any) -> list[BudgetStanding]:
    """Of a running engine, over the partitions that it owns; [] where no budget is set."""
    if engine.budget is None or engine.cohorts is None:
        return []
    made = [models.made.get("alarms") for models in engine.cohorts.partitions.values()]
    found: list[BudgetStanding] = engine.budget.standing(one for one in made if one is not None)
    return found
