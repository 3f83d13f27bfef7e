"""What the exchange is asked, where a detector or a story wants something else than its severity brings."""

from __future__ import annotations

import pytest

from domain.messages import Asked
from domain.policy_rules import KindRule, Rules
from notices.asks import asked_with
from tests.unit.notices.builders import NOON, at, finding

FACTS = {"transfer_id": "t1", "api_key": "k1", "session_id": "s1"}


def asked(asks: list, facts: dict[str, str], rules: Rules | None = None, hours: float = 1) -> list[tuple[str, str | None]]:
    """(action, target) of what is asked an hour later."""
    told: list[Asked] = asked_with(finding("api_key_drain", "critical", facts=facts, asks=asks), rules or Rules(), at(hours))
    return [(one.action, one.target) for one in told]


@pytest.mark.parametrize(
    ("asks", "facts", "expected"),
    [
        ([], FACTS, [("hold_withdrawal", "t1")]),
        (["hold_withdrawal", "disable_api_key"], FACTS, [("hold_withdrawal", "t1"), ("disable_api_key", "k1")]),
        (["revoke_sessions"], FACTS, [("revoke_sessions", "s1")]),
        (["revoke_sessions"], {}, [("revoke_sessions", None)]),
        (["freeze_account"], FACTS, [("freeze_account", None)]),
        (["hold_withdrawal", "require_step_up"], {}, [("require_step_up", None)]),
        (["disable_api_key"], {}, []),
    ],
)
def test_each_action_names_what_it_is_about(asks: list, facts: dict[str, str], expected: list) -> None:
    """A hold without a withdrawal becomes a step-up; a key that nobody named can't be disabled."""
    assert asked(asks, facts) == expected


def test_the_operator_has_the_last_word() -> None:
    """A kind that is to ask nothing asks nothing, whatever its story wants."""
    rules = Rules(kinds={"api_key_drain": KindRule(asks="nothing")})

    assert asked(["hold_withdrawal", "disable_api_key"], FACTS, rules) == []


def test_what_is_too_old_isnt_asked() -> None:
    """A day later nobody freezes anything for it."""
    assert asked(["freeze_account"], FACTS, hours=25) == []
    assert asked(["freeze_account"], FACTS, hours=23) == [("freeze_account", None)]


def test_a_hold_lapses_by_itself() -> None:
    """After a day, counted from the event."""
    one = asked_with(finding("account_takeover", "critical", facts=FACTS, asks=["hold_withdrawal"]), Rules(), NOON)[0]

    assert one.expires_at == at(24)
