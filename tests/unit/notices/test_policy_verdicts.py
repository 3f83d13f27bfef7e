"""What verdicts bring: locks and releases."""

from __future__ import annotations

import msgspec

from domain.profile import FoundBefore, Pending, UserState
from notices.policy import Decision
from tests.unit.notices.builders import NOON, at, finding, verdict
from tests.unit.notices.deciding import POLICY, decide, story

# --- verdicts ---------------------------------------------------------------------------------------------------------


def pending(decision: Decision) -> Pending:
    first = decision.findings[0]
    found = [FoundBefore(f.finding_id, f.detector, f.severity, f.notice_id or "") for f in decision.findings]
    return Pending(first.event_id, first.occurred_at.timestamp(), b"", found)


def test_not_me_locks_the_account_whatever_the_severity():
    """The user's word freezes the account and signs out every device, after a mere notice too."""
    state = UserState()
    told = decide([finding()], state=state)
    decision = POLICY.decide_verdict(verdict(told.notices[0].notice_id), [], [pending(told)], state, NOON)

    assert [(a.action, a.target) for a in decision.actions] == [("freeze_account", None), ("revoke_sessions", None)]
    assert all(a.finding_ids == [told.findings[0].finding_id] for a in decision.actions)


def test_not_me_locks_once_whether_said_of_event_finding_or_notice():
    """The link and the exchange's own relay of the same answer are one lock."""
    state = UserState()
    told = decide([finding()], state=state)
    for about in (told.notices[0].notice_id, told.notices[0].notice_id, "e1", told.findings[0].finding_id):
        last = POLICY.decide_verdict(verdict(about), [], [pending(told)], state, NOON)

    assert last.actions == []


def test_an_analysts_fraud_is_recorded_and_the_hold_stays():
    """Only the user's word locks; a hold stays until it lapses or is cleared."""
    state = UserState()
    told = decide([story()], state=state)
    decision = POLICY.decide_verdict(verdict("w1", source="analyst"), [], [pending(told)], state, NOON)

    assert decision.actions == []
    assert [hold.transfer_id for hold in state.policy.holds] == ["t1"]


def test_what_clears_releases_the_hold_once():
    """A verdict that clears the findings releases what was held for them."""
    state = UserState()
    told = decide([story()], state=state)
    genuine = verdict(told.notices[0].notice_id, "genuine", "analyst")
    decision = POLICY.decide_verdict(genuine, [pending(told)], [], state, at(1))

    assert [(a.action, a.target) for a in decision.actions] == [("release", "t1")]
    assert POLICY.decide_verdict(genuine, [pending(told)], [], state, at(1)).actions == []


def test_a_verdict_that_clears_nothing_releases_nothing():
    """'This was me' from the suspect session is recorded by the engine and clears nothing: the hold stays."""
    state = UserState()
    decide([story()], state=state)

    assert POLICY.decide_verdict(verdict("w1", "genuine"), [], [], state, at(1)).actions == []
    assert state.policy.holds


def test_clearing_the_sign_in_does_not_release_the_withdrawal():
    """Whoever reads the owner's mail can clear the sign-in by its link; what the story holds stays held."""
    state = UserState()
    first = decide([finding(event="l1", when=at(-1))], state=state)
    state.pending.append(pending(first))
    decide([story()], state=state)
    decision = POLICY.decide_verdict(verdict(first.notices[0].notice_id, "genuine"), [pending(first)], [], state, at(1))

    assert decision.actions == []
    assert [hold.transfer_id for hold in state.policy.holds] == ["t1"]


def test_what_an_early_verdict_cleared_is_neither_told_nor_held():
    """The analyst's word came before the event: the finding is recorded with that reason."""
    decision = decide([msgspec.structs.replace(story(), suppressed="cleared")])

    assert (decision.notices, decision.actions) == ([], [])
    assert [found.suppressed for found in decision.findings] == ["cleared"]


def test_a_device_named_fraudulent_is_told_again():
    """What was told before a fraud verdict doesn't cool down the next attempt."""
    state = UserState()
    told = decide([finding()], state=state)
    POLICY.decide_verdict(verdict("e1"), [], [pending(told)], state, NOON)

    assert decide([finding(event="e2", when=at(1))], state=state).notices


def test_the_exchange_is_told_the_number_of_the_case():
    """Who talks to the user knows what he refers to; what an analyst or the exchange writes there is nothing."""
    state, other = UserState(), UserState()
    told = decide([finding()], state=state)
    said = msgspec.structs.replace(verdict(told.notices[0].notice_id), case="C-0000-0000")
    decision = POLICY.decide_verdict(said, [], [pending(told)], state, NOON)
    foreign = POLICY.decide_verdict(msgspec.structs.replace(said, source="exchange"), [], [pending(told)], other, NOON)

    assert [(a.action, a.case) for a in decision.actions] == [("freeze_account", "C-0000-0000"), ("revoke_sessions", "C-0000-0000")]
    assert all(a.case is None for a in foreign.actions)
