"""The gate of the notify process: which words may be sent."""

from __future__ import annotations

import structlog

from notices.compose.approval import Gate
from notices.compose.intake import Approval, Keeper, take_in, waits

log = structlog.get_logger(__name__)


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
