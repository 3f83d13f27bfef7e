"""What a process composes ahead."""

from __future__ import annotations

from notices.compose import Composer, editions, warm
from notices.compose.warm import KIND, warm_up


def test_the_first_notice_finds_its_edition_worked_out():
    """After the warming, the name of the edition in the default language is known."""
    editions.name_of.cache_clear()

    warm_up("de")
    before = editions.name_of.cache_info().misses
    editions.name_of(KIND, "de")

    assert editions.name_of.cache_info().misses == before == 1


def test_a_warming_that_fails_keeps_nobody_from_starting(monkeypatch):
    """What can't be composed ahead is only said in the log."""

    def broken(*_args, **_more):
        raise ValueError("no template")

    monkeypatch.setattr(warm.Composer, "compose", broken)

    warm_up("en")


def test_all_channels_are_composed(monkeypatch):
    """The sample is one that a mail, a text message and an inbox item are made of."""
    made = []
    compose = Composer.compose
    monkeypatch.setattr(warm.Composer, "compose", lambda *args, **more: made.extend(compose(*args, **more)))

    warm_up("en")

    assert [one.channel for one in made] == ["email", "sms", "inapp"]
