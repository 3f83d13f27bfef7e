"""The last hand on a mail: the mark by which it is known again when it comes back, and its signature."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from domain.ports import Rendered
from notices.deliver.dkim import Signer
from notices.deliver.provider import Finish, ProviderError
from notices.receipts import dsn


def outgoing(mark: Callable[..., str], signer: Signer | None = None, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Finish:
    """`mark`: domain.ledger.Book.mark; without `signer` signing is left to the relay."""
    seal = sealing(mark)

    def finish(message: Rendered, mail: bytes) -> bytes:
        marked = f"{dsn.HEADER}: {dsn.mark(message.delivery_id, seal)}\r\n".encode() + mail
        return signer.sign(marked, now()) if signer else marked

    return finish


def signing(key: str, selector: str) -> Signer | None:
    """The signer that the settings name; None without a key. Raises ProviderError, which names the setting."""
    if not key:
        return None
    try:
        return Signer(key, selector)
    except ValueError as error:
        raise ProviderError(f"VIGIL_EMAIL__DKIM_{'SELECTOR' if 'selector' in str(error) else 'KEY'}: {error}") from None


def sealing(mark: Callable[..., str]) -> Callable[[str], str]:
    """The seal of a delivery's mark, for sending and for reading what came back."""
    return lambda delivery_id: mark("delivery", delivery_id)
