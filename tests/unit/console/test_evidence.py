"""What staff see of what was sent."""

from __future__ import annotations

import asyncio
import threading

import pytest

from console.evidence import LINK, MASKED


@pytest.mark.parametrize("path", ["n", "h", "u"])
def test_links_that_act_for_their_reader_are_masked(path):
    """Answers, votes and unsubscribing are his, however long the token is."""
    text = (
        f'<a href="https://x.example/{path}/{"Ab-_9" * 40}">go</a> https://x.example/{path}/{"c" * 22}, and https://x.example/{path}/short'
    )

    assert LINK.sub(MASKED, text) == (
        f'<a href="https://x.example/{path}/••••">go</a> https://x.example/{path}/••••, and https://x.example/{path}/short'
    )


async def test_a_ledger_is_verified_once_for_all_who_ask_at_once(fresh, monkeypatch):
    """It is long; and whoever asked later than it began waits for one that begins afterwards."""
    begun, gate = [], threading.Event()

    def slow(_store, _book):
        begun.append(len(begun))
        gate.wait(10)
        return True, f"run {len(begun)}"

    monkeypatch.setattr("console.services.verified", slow)
    first = asyncio.create_task(fresh.verify_ledger())
    while not begun:
        await asyncio.sleep(0)
    others = [asyncio.create_task(fresh.verify_ledger()) for _ in range(5)]
    await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(first, *others)

    assert len(begun) == 2
    assert fresh.verification.words == "run 2"
