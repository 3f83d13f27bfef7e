"""The page of models: what was learned, which of two does better, what drifts."""

from __future__ import annotations

import msgspec
from sqlalchemy import insert

from console.models import NAMES, behind, words
from console.services import Services
from detectors.models.families import FAMILIES
from domain.status import Heartbeat
from domain.training import ModelReport, Standing, TrainingReport
from stores.sql.schema import training_state
from tests.support.console import NOW

AT = NOW.timestamp()


def model(**fields: object) -> ModelReport:
    values = {
        "family": "transfer", "number": 12, "learned_until": AT - 60, "published_at": AT - 300, "bytes": 24_310, "load_ms": 1.04,
        "frauds": 1_204, "genuine": 15_310, "champion": Standing(loss=0.0412, precision=0.731, pace=0.2),
        "challenger": Standing(loss=0.0398, precision=0.742, pace=0.05), "compared": 31, "exchanges": 2, "exchanged_at": AT - 86_400,
        "drifts": {"usd": 3, "score": 1}, "drifted_at": {"usd": AT - 7_200, "score": AT - 3_600},
    }  # fmt: skip
    return ModelReport(**{**values, **fields})  # type: ignore[arg-type]


def written(made: Services, report: object) -> None:
    with made.store.database.writing() as connection:
        connection.execute(insert(training_state).values(name="report", data=msgspec.msgpack.encode(report)))


def test_the_page_says_what_is_in_effect_and_who_does_better(fresh, browse) -> None:
    """Version, age, size, load time, truths; both models side by side; the rule; drift by feature in words."""
    written(fresh, TrainingReport(at=AT - 5, waiting=48_211, dropped=0, early=2, models=[model()]))

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
    page = browse(fresh, "ana").get("/models").text

    assert "No trainer has written yet" in page
    assert "Rules and statistics judge alone" in page


def test_a_report_that_cant_be_read_is_as_none(fresh, browse) -> None:
    """One of another version."""
    written(fresh, {"at": "yesterday"})

    page = browse(fresh, "ana").get("/models")

    assert page.status_code == 200
    assert "No trainer has written yet" in page.text


def test_a_worker_that_judges_by_an_older_version_is_named() -> None:
    """One that never took any among them; a notifier judges nothing."""
    found = {"transfer": model()}
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
