"""The page of models: what was learned, which of two does better, what drifts."""

from __future__ import annotations

from console.models import NAMES, behind, words
from detectors.models.families import FAMILIES
from domain.status import Heartbeat
from tests.support.console import MODEL, NOW, trained

AT = NOW.timestamp()


def test_the_page_says_what_is_in_effect_and_who_does_better(fresh, browse) -> None:
    """Version, age, size, load time, truths; both models side by side; the rule; drift by feature in words."""
    page = browse(fresh, "ana").get("/models").text

    for said in (
        "Withdrawals",
        "12",
        "5 min ago",
        "24.3 kB",
        "1.0 ms",
        "1,204",
        "15,310",
        "48,211 events wait",
        "2 verdicts for their event",
    ):
        assert said in page
    for said in ("0.0412", "0.0398", "0.731", "0.742", "changed places 2×", "at least 50 frauds", "lower by 2%"):
        assert said in page
    assert "USD value" in page
    assert "the score itself" in page
    assert "Sign-ins, Trades, Account changes" in page


def test_without_a_trainer_the_page_says_that_rules_judge_alone(fresh, browse) -> None:
    """Warming up is said, not left blank."""
    trained(fresh, None)
    page = browse(fresh, "ana").get("/models").text

    assert "No trainer has written yet" in page
    assert "Rules and statistics judge alone" in page


def test_a_report_that_cant_be_read_is_as_none(fresh, browse) -> None:
    """One of another version."""
    trained(fresh, {"at": "yesterday"})

    page = browse(fresh, "ana").get("/models")

    assert page.status_code == 200
    assert "No trainer has written yet" in page.text


def test_a_worker_that_judges_by_an_older_version_is_named() -> None:
    """One that never took any among them; a notifier judges nothing."""
    found = {"transfer": MODEL}
    beats = [
        Heartbeat(worker="fresh", role="detect", at=AT, models={"transfer": 12}),
        Heartbeat(worker="late", role="detect", at=AT, models={"transfer": 9}),
        Heartbeat(worker="none", role="detect", at=AT),
        Heartbeat(worker="desk", role="notify", at=AT),
    ]

    assert behind(found, beats) == [("late", "Withdrawals", 9, 12), ("none", "Withdrawals", 0, 12)]


def test_each_family_and_feature_has_words() -> None:
    """No page shows a bare name."""
    assert set(NAMES) == {family.name for family in FAMILIES.values()}
    assert all(words()[family.name, name] for family in FAMILIES.values() for name in family.names)
