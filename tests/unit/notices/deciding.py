"""Policy as the repository configures it, for tests."""

from __future__ import annotations

from config.notices import load
from domain.profile import UserState
from notices.policy import Decision, Policy
from tests.unit.notices.builders import NOON, finding, login

POLICY = Policy(load())


def decide(findings, event=None, state=None, now=None) -> Decision:
    event = event or login(findings[0].event_id, findings[0].occurred_at)
    return POLICY.decide(event, findings, UserState() if state is None else state, now or max(f.occurred_at for f in findings))


def story(event="w1", when=NOON, transfer="t1", **more):
    return finding(
        "account_takeover", "critical", event=event, when=when, subject="first-login", facts={"transfer_id": transfer},
        story_events=["l1", "c1", event], **more,
    )  # fmt: skip
