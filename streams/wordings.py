"""Which words may be sent: the release's editions go into SQL once, and the gate asks there what was approved."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Literal, Protocol

import structlog

from domain.wording import Edition, Live, WordingStore
from notices.compose import editions
from notices.compose.approval import Gate

log = structlog.get_logger(__name__)

Approval = Literal["release", "console", "off"]


class Keeper(WordingStore, Protocol):
    """The part of stores.sql.wordings.SqlWordings that takes a release's words in."""

    def knows_tree(self, tree: str) -> bool: ...

    def take_in(self, tree: str, editions: Iterable[Edition], released: Callable[[Edition], bool], now: datetime) -> int: ...


def take_in(store: Keeper, approval: Approval, now: datetime | None = None) -> int:
    """Keeps this release's editions, once; how many of them are new. `release`: those that its manifest names are approved."""
    tree = f"{editions.tree()}:{approval}:{editions.manifest()}"
    if store.knows_tree(tree):
        return 0
    released: Callable[[Edition], bool] = editions.is_released if approval == "release" else lambda edition: False
    return store.take_in(tree, editions.every(), released, now or datetime.now(UTC))


def gate_of(store: Keeper, approval: Approval) -> Gate | None:
    """The gate of this process; None where everything on disk may be sent."""
    if approval == "off":
        return None
    take_in(store, approval)
    gate = Gate(store)
    gate.refresh()
    waiting = waits(store.live())
    if waiting:
        log.error(
            "no words are approved for some kinds of notices: these wait until two people approve them in the console",
            kinds=len({kind for kind, _ in waiting}), editions=len(waiting), first=" ".join(waiting[0]),
        )  # fmt: skip
    return gate


def waits(live: Live) -> list[tuple[str, str]]:
    """(kind, locale) of this release for which nothing was ever approved."""
    return [(kind, locale) for kind in editions.kinds() for locale in editions.catalogue.available() if (kind, locale) not in live.live]
