"""Lists of addresses in a worker: followed while it runs, and what `doctor` says of them."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from config.settings import Lists, Settings
from stores import lists as stores
from streams.detect import follow_lists
from streams.doctor import OLD_LIST, _lists
from tests.support.background import PATIENCE

TRON = "TQ5nWcbAbKz8yD7rmYp2LkfVt4sHgE9uXa"


def said(folder: Path | None) -> tuple[str, str]:
    return asyncio.run(_lists(Settings(lists=Lists(dir=folder))))


def test_without_lists_all_is_well(tmp_path: Path) -> None:
    """Nobody has to have any: no setting, or nothing in the folder."""
    assert said(None) == ("ok", "no lists of addresses")
    assert said(tmp_path) == ("ok", f"no lists of addresses in {tmp_path}")


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


def test_a_running_worker_takes_a_new_list_and_ends_when_told(tmp_path: Path) -> None:
    """The event loop goes on meanwhile."""
    lists = stores.Lists(tmp_path)

    async def run() -> None:
        task = asyncio.create_task(follow_lists(SimpleNamespace(lists=lists))())
        async with asyncio.timeout(PATIENCE):
            (tmp_path / "scams.txt").write_text(f"{TRON}\n")
            while not lists.listed(TRON):
                await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())
    assert lists.listed(TRON) == "scams"
