"""The risk of an event on the page of a finding."""

from __future__ import annotations

import msgspec

from console.weights import rests_on, rows
from tests.support.console import JUDGED


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
    page = browse(fresh, "ana").get("/findings/f5").text

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
