"""Findings in a colleague's words. English: the console's language."""

from __future__ import annotations

import re
from collections.abc import Mapping

from console.html import in_words, short
from console.sentence_words import CHANGES, FEATURES, SENTENCES, TITLES
from domain.messages import Finding, Reason

ANONYMITY = {"tor": "Tor", "vpn": "a VPN", "proxy": "a proxy", "hosting": "a hosting provider's network"}
FAMILIES = {"tip_": "Tip", "announcement_": "Announcement"}
"""Kinds of which there are many alike."""


def title(kind: str) -> str:
    """Of a detector, a story or a kind of notice."""
    for start, family in FAMILIES.items():
        if kind.startswith(start):
            return f"{family}: {in_words(kind.removeprefix(start)).lower()}"
    return TITLES.get(kind) or in_words(kind)


def feature(name: str) -> str:
    return FEATURES.get(name) or in_words(name)


def sentence(finding: Finding) -> str:
    """What happened, as one would say it across the desk."""
    said = _sentence(finding)
    return said[:1].upper() + said[1:]


def _sentence(finding: Finding) -> str:
    facts = finding.facts
    pattern = SENTENCES.get(finding.detector)
    if pattern is None:
        return f"{title(finding.detector)} on this account."
    pattern = _OPTIONAL.sub(lambda part: part[1] if all(facts.get(name) for name in _WORD.findall(part[1])) else "", pattern)
    words = _words(facts)
    return _SLOT.sub(lambda slot: words.get(slot[1]) or facts.get(slot[1]) or slot[2] or "", pattern)


_SLOT = re.compile(r"\{(\w+)(?:\|([^}]*))?\}")
_WORD = re.compile(r"\{(\w+)")
_OPTIONAL = re.compile(r"\[([^]]*)\]")


def _words(facts: Mapping[str, str]) -> dict[str, str]:
    """What is said of several facts together, or of one in other words."""
    device = facts.get("device") or "a device without a name"
    changed = CHANGES.get(facts.get("change", ""), "a security setting was changed")
    return {
        "place": ", ".join(part for part in (facts.get("city", ""), facts.get("country", "")) if part) or "an unknown place",
        "place_before": facts.get("previous_city") or facts.get("previous_country") or "the place before",
        "device": device,
        "browser_or_device": facts.get("browser") or device,
        "anonymity": ANONYMITY.get(facts.get("anonymity", ""), "a network that hides where one is"),
        "amount": " ".join(part for part in (facts.get("amount", ""), facts.get("asset", "")) if part) or "coins",
        "payee": short(facts.get("address", "")) or "an address that isn't kept",
        "known_address": short(facts.get("known_address", "")),
        "counterparty": short(facts.get("counterparty", "")),
        "key": short(facts.get("api_key", "")) or "unnamed",
        "bound": {"no": ", from any network address", "yes": ", from its own addresses alone"}.get(facts.get("ip_restricted", ""), ""),
        "changed": changed,
        "changed_before": CHANGES.get(facts.get("previous_change", ""), "a contact was changed"),
        "loosened": ", ".join(CHANGES[one] for one in facts.get("changes", "").split(",") if one in CHANGES) or changed,
        "market": facts.get("market") or "a market",
        "within": "Within an hour" if facts.get("window_minutes") else "In one trade",
        "cause_told": facts.get("code") or facts.get("cause") or "not known",
        "contact": "phone" if facts.get("subject") == "phone" else "e-mail address",
        "reported": facts.get("host") or short(facts.get("address", "")) or "the same words",
    }


def subtitle(finding: Finding) -> str:
    """The first reason, short, for a row."""
    if not finding.reasons:
        return "no reason given"
    reason = max(finding.reasons, key=lambda r: abs(r.contribution))
    seen = value(reason)
    usual = f"; usual: {_tight(reason.usual)}" if reason.usual else ""
    return f"{feature(reason.feature)}: {_tight(seen)}{usual}"


def _tight(text: str) -> str:
    """Long addresses by their ends, a list with air between, the rest cut."""
    return " ".join(short(word, 8, 6) if len(word) > 24 else word for word in text.replace(",", ", ").split())[:80]


def value(reason: Reason) -> str:
    """What was seen, set for reading."""
    seen = reason.value
    if seen is None:
        return "–"
    if isinstance(seen, float):
        return f"{seen:,.2f}".rstrip("0").rstrip(".")
    text = f"{seen:,}" if isinstance(seen, int) else str(seen)
    return CHANGES.get(text) or (short(text, 12, 8) if len(text) > 40 else text)
