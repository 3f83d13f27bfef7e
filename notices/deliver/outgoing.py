"""The last hand on a mail: the mark by which it is known again when it comes back."""

from __future__ import annotations

from collections.abc import Callable

from domain.ports import Rendered
from notices.deliver.provider import Finish
from notices.receipts import dsn


def outgoing(mark: Callable[..., str]) -> Finish:
    """`mark`: domain.ledger.Book.mark."""
    seal = sealing(mark)

    def finish(message: Rendered, mail: bytes) -> bytes:
        return f"{dsn.HEADER}: {dsn.mark(message.delivery_id, seal)}\r\n".encode() + mail

    return finish


def sealing(mark: Callable[..., str]) -> Callable[[str], str]:
    """The seal of a delivery's mark, for sending and for reading what came back."""
    return lambda delivery_id: mark("delivery", delivery_id)
