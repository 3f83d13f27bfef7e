"""Looking through the users for tips: whose turn it is, when parts are away, when it rests."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from config.settings import Tips as Plan
from domain.events.user import User
from domain.policy_rules import Rules
from domain.ports import Unavailable
from domain.protection import Seen
from streams.tips import REST, Tips

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Surroundings:
    """Directory, Redis, SQL and a clock. `away`: the page at which Redis doesn't answer, once."""

    def __init__(self, away: int = -1) -> None:
        self.at, self.away, self.pages, self.mine = NOW, away, [], True

    def names(self) -> Iterator[list[str]]:
        for page in range(3):
            if page == self.away:
                self.away = -1
                raise Unavailable("Redis")
            self.pages.append(page)
            yield [f"u{page}"]

    def get_many(self, user_ids: Any) -> dict[str, None]:
        return dict.fromkeys(user_ids)

    def turn(self, owner: str, seconds: int) -> bool:
        return self.mine

    def known_notices(self, ids: Any) -> set[str]:
        return set()

    def tips(self, **plan: Any) -> Tips:
        return Tips(self, self, self, self, "me", Plan(**({"enabled": True} | plan)), Rules(), now=lambda: self.at)  # type: ignore[arg-type]


def test_a_look_takes_a_page_at_a_time_and_then_rests():
    """The next one begins when the rest is over."""
    around = Surroundings()
    tips = around.tips()
    for _ in range(6):
        tips.tend()
    first = list(around.pages)
    around.at += REST
    tips.tend()

    assert first == [0, 1, 2]
    assert around.pages == [0, 1, 2, 0]


def test_when_redis_was_away_it_begins_again_at_once():
    """Without a rest: who comes later in the directory isn't left out for ten minutes."""
    around = Surroundings(away=1)
    tips = around.tips()
    tips.tend()
    with pytest.raises(Unavailable):
        tips.tend()
    for _ in range(3):
        tips.tend()

    assert around.pages == [0, 0, 1, 2]


@pytest.mark.parametrize("enabled", [True, False])
def test_who_hasnt_the_turn_or_is_switched_off_looks_at_nothing(enabled: bool):
    """No user is read."""
    around = Surroundings()
    around.mine = not enabled
    around.tips(enabled=enabled).tend()

    assert around.pages == []


def test_nothing_is_due_where_tips_and_reports_are_none():
    """Neither by the cap nor by the span of the report."""
    around = Surroundings()

    assert around.tips(per_month=0, report_every=0).due([f"u{n}" for n in range(500)], NOW + timedelta(days=1)) == []


class People(Surroundings):
    """Two who are due a tip; of the first Redis keeps what nobody can read."""

    def get_many(self, user_ids: Any) -> dict[str, User]:
        return {name: User(user_id=name, email=f"{name}@mail.example", experience="active") for name in user_ids}

    def states(self, user_ids: Any) -> dict[str, Any]:
        return {"u1": object()}

    def told(self, user_ids: Any, since: Any) -> dict[str, Any]:
        return {}

    def seen(self, contacts: Any, now: Any) -> dict[str, Seen]:
        return {name: Seen(open_findings=0, contacts=frozenset({"email"})) for name in contacts}

    def refusing(self, user_ids: Any) -> set[str]:
        return set()


def test_what_is_odd_about_one_user_costs_the_others_no_tip():
    """He gets none, they do."""
    due = People().tips(every=86_400, per_month=4, report_every=0).due(["u1", "u2"], NOW)

    assert [notice.user_id for notice in due] == ["u2"]
