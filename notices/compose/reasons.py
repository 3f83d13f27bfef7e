"""Why something stands out, as sentences for the account's owner: one a feature (domain.facts.FEATURES).

A sentence says what was seen and what is usual for this very owner. It never names a score, a threshold or how much would have gone unseen:
whoever reads the owner's mail learns nothing that helps to pass below.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from domain.messages import Reason
from notices.compose import why_login, why_trading, why_transfer
from notices.compose.catalogue import Words
from notices.compose.formats import Formats
from notices.compose.why import Facts, Say

MAX_REASONS = 5

_SAY: dict[str, Say] = {**why_login.SAY, **why_transfer.SAY, **why_trading.SAY}
SPOKEN = frozenset(_SAY)
UNSPOKEN = frozenset(
    [
        *("ratio", "hours", "step_withdrawal", "step_losses", "ticket_state"),  # the notice says them itself
        *("total_usd", "amount_rank", "failure_share", "counterparty_share"),  # would teach how to stay below
        "accounts",  # other people's; the notice says "many"
    ]
)
"""Features that analysts read and owners don't."""


def sentences(
    reasons: Sequence[Reason], facts: Facts, formats: Formats, _: Words, told: str = "", detectors: Collection[str] = ()
) -> list[str]:
    """The sentences of a notice in the order of its reasons, each once and none that `told` says already. `detectors`: those that the
    reasons come from."""
    said: dict[str, None] = {}
    others = from_others(reasons)
    for reason in reasons:
        say = _words_for(reason.feature, detectors)
        if say is None or (others and reason.feature == "usd_value"):
            continue
        for sentence in say(reason, facts, formats, _):
            if sentence and sentence not in told:
                said.setdefault(sentence)
    return list(said)[:MAX_REASONS]


def _words_for(feature: str, detectors: Collection[str]) -> Say | None:
    if "login_risk" in detectors and feature in why_login.RARE:
        proof, rare = why_login.RARE[feature]
        if proof not in detectors:
            return rare
    return _SAY.get(feature)


def from_others(reasons: Sequence[Reason]) -> bool:
    """Whether "usual" is what others do, for an account too young to have a usual of its own: then nothing is said of the owner's."""
    return any(reason.feature == "cohort" for reason in reasons)
