"""What `doctor` says of the lists of addresses."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import pytest

from config.settings import Lists, Settings
from streams.doctor import OLD_LIST, _lists

TRON = "TQ5nWcbAbKz8yD7rmYp2LkfVt4sHgE9uXa"


def said(folder: Path | None) -> tuple[str, str]:
    return asyncio.run(_lists(Settings(lists=Lists(dir=folder))))


@pytest.mark.parametrize("folder", [None, "missing"])
def test_without_lists_all_is_well(tmp_path: Path, folder: str | None) -> None:
    """Nobody has to have any."""
    state, words = said(tmp_path / folder if folder else None)

    assert state == "ok"
    assert words.startswith("no lists of addresses")


def test_each_list_is_shown_with_its_number_and_age(tmp_path: Path) -> None:
    """An old one is a warning: sanctions change."""
    (tmp_path / "scams.txt").write_text(f"{TRON}\n")
    assert said(tmp_path) == ("ok", "scams: 1 addresses, 0 days old")

    old = time.time() - (OLD_LIST + 1) * 86_400
    os.utime(tmp_path / "scams.txt", (old, old))

    state, words = said(tmp_path)
    assert state == "warn"
    assert words.startswith("scams: 1 addresses, 31 days old; ")


def test_a_file_with_a_mistake_fails(tmp_path: Path) -> None:
    """Named with its line."""
    (tmp_path / "scams.txt").write_text(f"{TRON}\ntwo words\n")

    assert said(tmp_path) == ("FAIL", "scams.txt:2: expected one address, not 'two words'")
