"""Who may clear what, and what silence clears."""

from __future__ import annotations

from typing import cast

import pytest

from domain import clearing
from domain.clearing import Standing
from domain.events import Verdict
from domain.profile import FoundBefore, Pending
from tests.support.events import DAY, HOUR, verdict

SUSPECT = {"session_id": "s9", "device_id": "stranger", "ip": "lagos"}


def pending(
    severity: str = "notice", event_id: str = "e1", at: float = 0.0, session: str = "s9", device: str = "stranger", **found: object
) -> Pending:
    waiting = FoundBefore(
        f"f-{event_id}", str(found.get("detector", "login_new_device")), severity, f"n-{event_id}", list(found.get("events", []))
    )  # type: ignore[call-overload]
    return Pending(event_id, at, b"x", [waiting], session_id=session, device=device, network="as1")


def said(label: str = "genuine", source: str = "user", client: dict[str, str] | None = None) -> Verdict:
    return cast(Verdict, verdict("e1", label=label, source=source, client=client))


@pytest.mark.parametrize("severity", ["info", "notice", "warning", "critical"])
@pytest.mark.parametrize("source", ["analyst", "exchange"])
def test_an_analyst_and_the_exchange_clear_always(severity: str, source: str) -> None:
    """Whatever the severity, whatever the client."""
    assert clearing.answer(said(source=source, client=SUSPECT), pending(severity), Standing()) == "cleared"


@pytest.mark.parametrize("source", ["user", "analyst", "exchange"])
def test_fraud_condemns_whoever_says_it(source: str) -> None:
    """Even from the suspect session: nobody gains by it."""
    assert clearing.answer(said("fraud", source, SUSPECT), pending(), Standing(True, True)) == "condemned"


@pytest.mark.parametrize("severity", ["info", "notice", "warning", "critical"])
def test_the_suspect_session_clears_nothing(severity: str) -> None:
    """Not even on a network that the account knows."""
    client = {"session_id": "s9", "ip": "berlin"}
    assert clearing.answer(said(client=client), pending(severity), Standing(True, True)) == "ignored"


def test_the_suspect_device_on_an_unknown_network_clears_nothing() -> None:
    """A new session of it changes nothing."""
    assert clearing.answer(said(client=SUSPECT | {"session_id": "s10"}), pending(), Standing()) == "ignored"


def test_the_new_phone_at_home_clears() -> None:
    """The same device on a network that the account knew, in another session."""
    client = {"session_id": "s10", "device_id": "stranger", "ip": "berlin"}
    assert clearing.answer(said(client=client), pending("warning"), Standing(network_known=True)) == "cleared"


@pytest.mark.parametrize("standing", [Standing(session_known=True), Standing(network_known=True)])
@pytest.mark.parametrize("severity", ["info", "notice", "warning", "critical"])
def test_a_known_session_or_network_clears_all(severity: str, standing: Standing) -> None:
    """Of the time before the finding."""
    client = {"session_id": "s1", "device_id": "laptop", "ip": "berlin"}
    assert clearing.answer(said(client=client), pending(severity), standing) == "cleared"


@pytest.mark.parametrize(
    ("severity", "expected"), [("info", "cleared"), ("notice", "cleared"), ("warning", "recorded"), ("critical", "recorded")]
)
@pytest.mark.parametrize("client", [None, {"ip": "tokyo"}])
def test_the_mailbox_alone_clears_what_is_light(severity: str, expected: str, client: dict[str, str] | None) -> None:
    """An answer by link comes with no client, or with one that the account doesn't know."""
    assert clearing.answer(said(client=client), pending(severity), Standing()) == expected


def test_an_empty_session_is_not_the_suspect_one() -> None:
    """Nothing told is nothing in common."""
    assert clearing.answer(said(), pending(session="", device=""), Standing()) == "cleared"


@pytest.mark.parametrize("about", ["e1", "f-e1", "n-e1"])
def test_a_verdict_names_an_event_a_finding_or_a_notice(about: str) -> None:
    """All three lead to the event that waits."""
    assert [p.event_id for p in clearing.concerned(about, [pending(), pending(event_id="e2")])] == ["e1"]


def test_a_verdict_about_a_story_is_about_all_its_events() -> None:
    """The withdrawal carries the story; sign-in and change are told by it."""
    story = pending("critical", "out", detector="account_takeover", events=["in", "off", "out"])
    waiting = [pending(event_id="in"), pending(event_id="off"), story, pending(event_id="other")]

    assert [p.event_id for p in clearing.concerned("f-out", waiting)] == ["in", "off", "out"]
    assert [p.event_id for p in clearing.concerned("in", waiting)] == ["in"]


def test_an_empty_notice_id_matches_nothing() -> None:
    """A finding that was never told has none."""
    waiting = pending()
    waiting.found[0].notice_id = ""
    assert clearing.concerned("", [waiting]) == []


@pytest.mark.parametrize(("severity", "clears"), [("info", True), ("notice", True), ("warning", False), ("critical", False)])
def test_a_quiet_day_clears_info_and_notice(severity: str, clears: bool) -> None:
    """Not a second before the day is over."""
    waiting = pending(severity)
    assert clearing.quiet([waiting], DAY - 1) == []
    assert clearing.quiet([waiting], DAY) == ([waiting] if clears else [])


@pytest.mark.parametrize(
    ("other", "quiet"),
    [
        (pending("warning", "e2", HOUR, session="s9", device=""), False),
        (pending("warning", "e2", HOUR, session="s10", device="stranger"), False),
        (pending("critical", "e2", HOUR, session="", device="", events=["e1", "e2"]), False),
        (pending("warning", "e2", HOUR, session="s1", device="laptop"), True),
        (pending("notice", "e2", HOUR), True),
        (pending("warning", "e2", 30 * HOUR), True),
        (pending("warning", "e2", -HOUR), False),
    ],
    ids=["session", "device", "story", "elsewhere", "no graver", "days later", "an hour before"],
)
def test_a_graver_finding_on_it_is_no_quiet(other: Pending, quiet: bool) -> None:
    """On the same session, device or story, within a day."""
    waiting = pending()
    assert (waiting in clearing.quiet([waiting, other], 2 * DAY)) is quiet


def test_a_burst_does_not_push_out_the_sign_in_before_it() -> None:
    """What there is most of makes room first."""
    waiting = [pending(event_id="in"), *(pending("notice", f"t{i}", i, detector="trade_burst") for i in range(40))]
    clearing.make_room(waiting)

    assert len(waiting) == 16
    assert waiting[0].event_id == "in"
    assert waiting[-1].event_id == "t39"


def test_unanswered_warnings_do_not_push_out_what_is_new() -> None:
    """Sixteen old warnings nobody spoke about: today's new device still waits for its quiet day."""
    waiting = [*(pending("warning", f"m{i}", i, detector="margin_low") for i in range(16)), pending(event_id="in", at=99)]
    clearing.make_room(waiting)

    assert len(waiting) == 16
    assert waiting[-1].event_id == "in"


def test_what_nobody_spoke_about_is_forgotten_after_a_month() -> None:
    """Unlearned."""
    old, new = pending("warning", "old", 0), pending("warning", "new", DAY)
    assert clearing.expired([old, new], 30 * DAY + 1) == [old]
