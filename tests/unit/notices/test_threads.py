"""A warning that has become untrue is taken back, and nobody's account is locked by what was said long ago."""

from datetime import timedelta

import pytest

from config.notices import load
from domain.events import Margin
from domain.ids import suspect_mark
from domain.profile import FoundBefore, Pending, UserState
from notices.policy import Policy
from notices.threads import MAX_THREADS, RECOVERED, replaced
from tests.support.told import notice as a_notice
from tests.unit.notices.builders import NOON, USER, at, finding, login, verdict

POLICY = Policy(load())


def margin(percent: float, minutes: float = 0, account: str = "cross", event: str = "m1") -> Margin:
    return Margin(
        event_id=event,
        user_id=USER,
        occurred_at=at(minutes=minutes),
        account=account,
        equity_usd="1000",
        maintenance_margin_usd=f"{percent * 10:.2f}",
    )


def told(state: UserState, minutes: float = 0, account: str = "cross", event: str = "m1"):
    """The notice that the account is at 91 %."""
    found = finding(
        "margin_low", "warning", event=event, when=at(minutes=minutes), subject=f"{account}|90", facts={"account": account, "ratio": "91"}
    )
    return POLICY.decide(margin(91, minutes, account, event), [found], state, at(minutes=minutes)).notices[0]


def recalls(event: Margin, state: UserState) -> list[str]:
    """Threads that the event ends."""
    if not POLICY.concerns(event, state):
        return []
    return [notice.thread for notice in POLICY.decide(event, [], state, event.occurred_at).notices]


def test_notices_about_one_margin_account_are_one_thread():
    """Whichever band they tell of; another account's are another."""
    state = UserState()
    first, second, other = told(state), told(state, 5, event="m2"), told(state, 6, "isolated", "m3")

    assert first.thread == second.thread == "margin:cross"
    assert other.thread == "margin:isolated"
    assert POLICY.decide(login(), [finding()], UserState(), NOON).notices[0].thread == ""


def test_the_stages_of_a_story_are_one_thread():
    """Whatever completes it; another story about the same first event is another, so that each is told."""
    state = UserState()

    def stage(kind: str, event: str, severity: str, minutes: float):
        found = finding(kind, severity, event=event, when=at(minutes=minutes), subject=f"e1/{event}", story_events=["e1", event])
        return POLICY.decide(login(event, at(minutes=minutes)), [found], state, at(minutes=minutes)).notices[0].thread

    assert stage("account_takeover", "e2", "warning", 1) == stage("account_takeover", "e3", "critical", 2) == "story:account_takeover:e1"
    assert stage("sim_swap", "e2", "critical", 3) == "story:sim_swap:e1"


@pytest.mark.parametrize(("percent", "ended"), [(74.9, True), (75.0, False), (89.0, False), (0.0, True)])
def test_a_recovered_account_ends_its_thread(percent, ended):
    """Below 75 percent: not at 89, where the danger is no news but there."""
    state = UserState()
    told(state)

    assert recalls(margin(percent, 3), state) == (["margin:cross"] if ended else [])


def test_the_end_of_a_thread_tells_nobody():
    """It has no channel, and asks the exchange for nothing."""
    state = UserState()
    told(state)
    decision = POLICY.decide(margin(10, 3, event="m9"), [], state, at(minutes=3))

    [end] = decision.notices
    assert (end.kind, end.channels, end.digest, end.answerable) == (RECOVERED, [], [], False)
    assert (decision.findings, decision.actions) == ([], [])


def test_a_thread_ends_once_and_only_by_what_came_after():
    """An older reading, another account's, and one after the warning went stale by itself end nothing."""
    state = UserState()
    told(state, 10)

    assert recalls(margin(10, 9), state) == []
    assert recalls(margin(10, 11, "isolated"), state) == []
    assert recalls(margin(10, 12), state) == ["margin:cross"]
    assert recalls(margin(10, 13), state) == []
    told(state, 20, event="m2")
    assert recalls(margin(10, 20 + 31), state) == []


def test_nothing_left_of_the_equity_is_no_recovery():
    """However little maintenance margin there is."""
    state = UserState()
    told(state)
    gone = Margin(event_id="m2", user_id=USER, occurred_at=at(minutes=1), account="cross", equity_usd="0", maintenance_margin_usd="0.01")

    assert recalls(gone, state) == []


def test_few_threads_are_remembered():
    """A profile stays small."""
    state = UserState()
    for number in range(3 * MAX_THREADS):
        told(state, number, f"a{number}", f"m{number}")

    assert len(state.policy.threads) == MAX_THREADS
    assert recalls(margin(10, 40, f"a{3 * MAX_THREADS - 1}"), state) != []


@pytest.mark.parametrize(("hours", "locked"), [(23, True), (25, False)])
def test_an_old_not_me_locks_no_account(hours, locked):
    """When a history is loaded, what its user said then was answered then."""
    said = verdict("e1", when=NOON)
    condemned = [Pending("e1", NOON.timestamp(), b"", [FoundBefore("f1", "login_new_device", "notice")])]
    actions = POLICY.decide_verdict(said, [], condemned, UserState(), NOON + timedelta(hours=hours)).actions

    assert [action.action for action in actions] == (["freeze_account", "revoke_sessions"] if locked else [])


def test_a_notice_marks_the_sessions_and_devices_that_it_is_about():
    """Hashed; of a story's earlier events too, of other events none."""
    state = UserState()
    for event, session, device in (("l1", "s1", "d9"), ("w1", "s2", ""), ("x1", "s3", "d3")):
        state.pending.append(Pending(event, NOON.timestamp(), b"", [], session_id=session, device=device))
    found = finding("account_takeover", "critical", event="w1", story_events=["l1", "w1"])
    [notice] = POLICY.decide(login("w1"), [found], state, NOON).notices

    assert notice.suspects == sorted([suspect_mark("session", "s1"), suspect_mark("session", "s2"), suspect_mark("device", "d9")])


def test_of_new_notices_of_a_thread_the_latest_is_told():
    """In event time, whatever their order; what only ends the thread leaves nothing of it to tell."""
    first, second = (a_notice(n, thread="margin:cross", occurred_at=at(minutes=n)) for n in (1, 2))
    ends = a_notice(3, thread="margin:cross", occurred_at=at(minutes=3), channels=[])

    newer = f"a newer notice took its place: {second.notice_id}"
    assert list(replaced([second, a_notice(4), first])) == [(second, newer, [first.notice_id])]
    assert list(replaced([ends, second])) == [(ends, "over before it was sent", [second.notice_id])]
