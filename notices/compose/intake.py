"""A release's editions of words go into the store once, with those that come approved; what still waits is known by them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Literal, Protocol

from domain.wording import Edition, Live, WordingStore
from notices.compose import editions
from notices.compose.catalogue import available
from notices.compose.templates import kinds

Approval = Literal["release", "console", "off"]
"""Which words may be sent: those of the release's manifest and those approved in the console, only the latter, all."""
SIGNED = 0.5


class Keeper(WordingStore, Protocol):
    """The part of stores.sql.wordings.SqlWordings that takes a release's words in."""

    def knows_tree(self, tree: str) -> bool: ...

    def take_in(self, tree: str, editions: Iterable[Edition], released: Callable[[Edition], bool], now: datetime) -> int: ...


def take_in(store: Keeper, approval: Approval, now: datetime | None = None) -> int:
    """Keeps this release's editions, once; how many of them are new. But with `console`, those that its manifest names are approved.

    A tree of which the manifest names less than half is no release but one in the making. In a database where nothing was ever decided its
    words are the first that count as approved: there is nothing else that could be sent.
    """
    tree = f"{editions.tree()}:{approval}:{editions.manifest()}"
    if store.knows_tree(tree):
        return 0
    released: Callable[[Edition], bool] = editions.is_released
    if approval == "console":
        released = lambda edition: False  # noqa: E731
    elif store.latest() == 0 and signed_share() < SIGNED:
        released = lambda edition: True  # noqa: E731
    return store.take_in(tree, editions.every(), released, now or datetime.now(UTC))


def signed_share() -> float:
    """What part of the editions on disk the manifest names, 0 to 1."""
    here = [(kind, locale) for kind in kinds() for locale in available()]
    said = editions.approved_by_release()
    return sum(editions.name_of(*place).startswith(said.get(place, "-")) for place in here) / len(here)


def waits(live: Live) -> list[tuple[str, str]]:
    """(kind, locale) of this release for which nothing was ever approved."""
    return [(kind, locale) for kind in kinds() for locale in available() if (kind, locale) not in live.live]
