"""What doctor says of the length of answer links: text messages have two segments."""

from __future__ import annotations

import pytest

from config.settings import load
from streams.doctor import TOKEN, _settings


@pytest.mark.parametrize(
    ("length", "state", "words"), [(60, "ok", "fit into two segments"), (61, "warn", "without the code"), (71, "warn", "leave words out")]
)
def test_a_long_address_costs_the_check_code_and_then_words(length, state, words):
    """The address of the console is all that an operator can shorten."""
    url = "https://".ljust(length - TOKEN - len("/n/"), "x")
    settings = load({"VIGIL_SECRET_KEY": "x" * 32, "VIGIL_CONSOLE__PUBLIC_URL": url})
    [line] = [line for line in _settings(settings) if line.name == "public_url"]

    assert line.state == state
    assert line.words.startswith(f"{length} characters")
    assert words in line.words
