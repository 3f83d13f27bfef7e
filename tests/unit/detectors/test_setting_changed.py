"""Security settings: told every time."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from detectors.base import Sighting
from domain.events.account_change import Change
from domain.habits import Habits
from notices.compose.changes import may_withdraw
from tests.support.events import change
from tests.support.registry import loaded

ENTRY = loaded().entries["security_setting_changed"]
SETTING: Any = ENTRY.detector
QUIET = {"kyc_approved", "kyc_rejected"}


@pytest.mark.parametrize("what", get_args(Change))
def test_each_change_is_told_from_the_first_event_on_or_never(what: str) -> None:
    """No warm-up; what the exchange decides is quiet, and to stories what only takes rights away is quiet too."""
    seen = Sighting(change(what=what))
    score = SETTING.score_one(seen, Habits())

    assert (score.value >= ENTRY.threshold) is (what not in QUIET)
    assert SETTING.step_one(seen, Habits()) == (None if what in QUIET | {"api_key_deleted"} else what)


def test_every_change_is_a_subject_of_its_own() -> None:
    """So that no cooldown swallows the second one."""
    one, other = (SETTING.score_one(Sighting(change()), Habits()) for _ in range(2))

    assert one.subject != other.subject


@pytest.mark.parametrize(
    ("permissions", "severity"),
    [
        (["withdraw"], "warning"),
        (["read", " WITHDRAW "], "warning"),
        (["withdrawals"], "warning"),
        (["read", "all"], "warning"),
        (["read", "trade"], None),
        ([], None),
        (None, None),
    ],
)
def test_a_key_that_may_withdraw_is_graver(permissions: list[str] | None, severity: str | None) -> None:
    """However the exchange writes it."""
    score = SETTING.score_one(Sighting(change(what="api_key_created", detail={"new": "k-1", "permissions": permissions})), Habits())

    assert score.severity == severity
    assert score.facts["api_key"] == "k-1"
    assert may_withdraw(score.facts.get("permissions", "")) is (severity == "warning"), "the notice's words say what its severity says"


def test_permissions_of_other_changes_mean_nothing() -> None:
    """Only a key that was created can withdraw."""
    score = SETTING.score_one(Sighting(change(what="limit_raised", detail={"permissions": ["withdraw"]})), Habits())

    assert score.severity is None
