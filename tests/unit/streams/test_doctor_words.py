"""What doctor says of the words that may be sent."""

from __future__ import annotations

import pytest

from config.settings import Settings
from streams import doctor
from streams.doctor import said_of_words


@pytest.mark.parametrize(
    ("approval", "latest", "waiting", "state", "words"),
    [
        ("release", 0, [("login_new_device", "en")], "ok", "nothing was decided yet"),
        (
            "console",
            0,
            [("login_new_device", "en"), ("login_new_device", "de")],
            "FAIL",
            "1 of all kinds, such as login_new_device",
        ),
        ("release", 9, [("login_new_device", "de")], "warn", "sent in English until"),
        ("release", 9, [], "ok", "every kind has approved words"),
    ],
)
def test_what_waits_for_approval_is_said(approval, latest, waiting, state, words):
    """A kind that nobody may be told of fails; a language that is told in English is warned of."""
    said = said_of_words(approval, latest, waiting)

    assert said[0] == state
    assert words in said[1]


@pytest.mark.parametrize("check", [doctor._sql, doctor._words])
async def test_without_the_key_it_says_what_is_missing(check):
    """Not the error that it came to."""
    assert await check(Settings(secret_key="")) == ("FAIL", doctor.WITHOUT_KEY)
