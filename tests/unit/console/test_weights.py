"""The risk of an event on the page of a finding."""

from __future__ import annotations

import msgspec

from console.weights import rests_on, rows
from domain.messages import Judgement, Weight
from tests.support.console import NOW, finding

JUDGED = Judgement(
    risk=0.934, log_odds=2.65, history=3, leans_on="few", frauds_learned=0,
    parts=[
        Weight("base", None, -7.0), Weight("own", 4.2, 6.1), Weight("withdrawal_new_address", None, 2.4), Weight("day_count", 3.0, 1.4),
        Weight("rest", None, -0.25),
    ],
)  # fmt: skip


def test_each_contribution_has_words(fresh, browse) -> None:
    """Features, alerts, and what is neither; they add up to what the page says."""
    found = [row.words for row in rows(JUDGED)]

    assert found == [
        "Before anything is known: one in a thousand",
        "The amount, against the account's own",
        "Alert: New withdrawal address",
        "Transfers out within 24 hours",
        "All else together",
    ]
    assert round(sum(row.nats for row in rows(JUDGED)), 2) == JUDGED.log_odds


def test_the_page_of_a_finding_shows_its_risk_taken_apart(fresh, browse) -> None:
    """With what it rests on: an analyst has to know that it is a guess."""
    seen = finding("f9", "withdrawal_new_address", "warning", "e9", "u9", -1, {"amount": "3", "asset": "BTC"})
    with fresh.store.transaction(NOW) as transaction:
        transaction.add_findings([msgspec.structs.replace(seen, judged=JUDGED)])

    page = browse(fresh, "ana").get("/findings/f9").text

    assert "Risk of the event: 0.934" in page
    assert "+6.10" in page
    assert "−7.00" in page
    assert "Cold start: rests on 3 own events, shrunk towards what is common. No verdict had a part in it" in page


def test_a_finding_from_before_shows_no_empty_table(fresh, browse) -> None:
    """Older ones carry no risk."""
    assert "Risk of the event" not in browse(fresh, "ana").get("/findings/f3").text


def test_what_it_rests_on_is_said() -> None:
    """Own statistics, or all accounts', and whether verdicts had a part."""
    own = msgspec.structs.replace(JUDGED, leans_on="own", history=1_204, frauds_learned=310)
    nobody = msgspec.structs.replace(JUDGED, leans_on="all", history=0)

    assert rests_on(own) == "Rests on 1,204 own events. A model that learned 310 frauds has its part in it."
    assert "nothing is known of this account yet" in rests_on(nobody)
    assert rests_on(None) == ""
