"""What an announcement's notice says beside its own title and text: from when to when, and what it means for this reader."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from notices.compose.catalogue import Words
from notices.compose.formats import Formats, clean

FAMILY = "announcement"
KINDS = (f"{FAMILY}_", f"tip_{FAMILY}")
MAX_TITLE = 140
MAX_LINE = 2_000
Facts = Mapping[str, str]


def is_announcement(kind: str) -> bool:
    """Whether a kind is made from an announcement."""
    return kind.startswith(KINDS)


def values(facts: Facts) -> dict[str, object]:
    """For the templates: title, text (cleaned line by line), what became of it, whether there are open orders and what befalls them."""
    lines = (clean(line, MAX_LINE) for line in facts.get("text", "").splitlines())
    return {
        "title": clean(facts.get("title"), MAX_TITLE),
        "text": "\n".join(line for line in lines if line),
        "status": facts.get("status", ""),
        "open_orders": bool(facts.get("open_orders")),
        "effect": facts.get("effect", ""),
    }


def rows(facts: Facts, formats: Formats, _: Words) -> list[tuple[str, str, str]]:
    """Label, value and style: the period, the markets of the reader's open orders."""
    begins, ends = moment(facts.get("starts_at")), moment(facts.get("ends_at"))
    return [
        (_("Begins"), formats.moment(begins) if begins else "", "v"),
        (_("Ends"), formats.moment(ends) if ends else "", "v"),
        (_("Your open orders"), names(facts.get("open_orders"), _), "id"),
    ]


def sentences(facts: Facts, formats: Formats, _: Words) -> list[str]:
    """Why this reader gets it, and what happens to his open orders. Nothing is claimed that the announcement doesn't say."""
    said = []
    if assets := names(facts.get("holdings"), _):
        said.append(_("You get this because it concerns {assets}.", assets=assets))
    if markets := names(facts.get("open_orders"), _):
        said.append(_("You have open orders in {markets}.", markets=markets))
        said += {
            "kept": [_("Your open orders stay as they are and can be filled.")],
            "paused": [_("While it lasts, your open orders are neither filled nor cancelled.")],
            "cancelled": [_("Your open orders are cancelled when it begins.")],
        }.get(facts.get("effect", ""), [])
        since, until = moment(facts.get("protected_from")), moment(facts.get("protected_until"))
        if since and until:
            said.append(_("They are protected from {start} until {end}.", start=formats.until(since), end=formats.until(until)))
    return said


def moment(text: str | None) -> datetime | None:
    """The time in a fact; None where there is none."""
    try:
        found = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return found if found is None or found.tzinfo else None


def names(text: str | None, _: Words) -> str:
    """A comma list of assets or markets, cleaned."""
    return ", ".join(one for one in (clean(part, 32) for part in (text or "").split(",")) if one)
