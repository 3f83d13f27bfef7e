"""What the catalogue's pages show: kinds with the state of their words, the editions of one, and the differences between two."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from difflib import SequenceMatcher
from functools import cache
from typing import Any, NamedTuple

from domain.messages import Notice
from domain.wording import SHORT, Edition, WordingDecision, live_of, state_of
from notices import samples
from notices.compose.catalogue import SOURCE, available
from notices.compose.editions import name_of, on_disk
from notices.compose.preview import missing, preview
from notices.compose.templates import kinds
from stores.sql.wordings import SqlWordings

CHANNELS = {"email": "E-mail", "text": "E-mail, text part", "sms": "SMS", "inapp": "In-app"}
SHOW = ("locale", "channel", "sample", "edition", "against", "q", "state")
NAME = SHORT * 3
"""Digits of an edition's name in an address."""
AROUND = 2
"""Lines of the same text around a change."""


class Line(NamedTuple):
    """`same`, `gone`, `new`; or `name`: what the following lines are of."""

    what: str
    text: str


def rows(store: SqlWordings, text: str, locale: str, state: str, who: str, title: Callable[[str], str]) -> list[dict[str, Any]]:
    """One row a kind. `drafts`: editions to submit; `to_approve`: those that someone other than `who` submitted."""
    decisions = store.decisions()
    by_place: dict[tuple[str, str], list[WordingDecision]] = {}
    for decision in decisions:
        by_place.setdefault((decision.kind, decision.locale), []).append(decision)
    live = live_of(decisions).live
    made = []
    for kind in kinds():
        if text.lower() not in f"{kind} {title(kind)}".lower():
            continue
        row: dict[str, Any] = {
            "kind": kind,
            "title": title(kind),
            "drafts": [],
            "to_approve": [],
            "submitted": 0,
            "waits": 0,
            "older": 0,
            "missing": 0,
            "live": 0,
        }
        for one in [locale] if locale in available() else available():
            here, own = name_of(kind, one), by_place.get((kind, one), [])
            stands = state_of(here, own)
            if stands == "draft":
                row["drafts"].append(here[:NAME])
            elif stands == "submitted":
                row["submitted"] += 1
                if next(d.by for d in reversed(own) if d.edition == here and d.act == "submitted") != who:
                    row["to_approve"].append(here[:NAME])
            row["live"] += live.get((kind, one)) == here
            row["older"] += (kind, one) in live and live[kind, one] != here
            row["waits"] += (kind, one) not in live
            row["missing"] += _gaps(kind, one)
        row["sample"] = samples.best(kind) is not None
        wanted = {
            "draft": row["drafts"],
            "submitted": row["submitted"],
            "waits": row["waits"],
            "older": row["older"],
            "missing": row["missing"],
        }
        if state not in wanted or wanted[state]:
            made.append(row)
    return made


@cache
def _gaps(kind: str, locale: str) -> int:
    """How many texts of the edition on disk have no words in the language."""
    return len(missing(on_disk(kind, locale)))


def shown(kind: str, params: Mapping[str, str]) -> dict[str, str]:
    """What of a kind is asked for; what isn't there is the usual."""
    names = samples.variants(kind)
    asked = {name: params.get(name, "")[:100] for name in SHOW}
    asked["locale"] = asked["locale"] if asked["locale"] in available() else SOURCE
    asked["channel"] = asked["channel"] if asked["channel"] in CHANNELS else "email"
    asked["sample"] = asked["sample"] if asked["sample"] in names else samples.best(kind) or (names[0] if names else "")
    return {**asked, "q": "", "state": ""}


def history(store: SqlWordings, kind: str, locale: str) -> dict[str, Any]:
    """The editions of a kind in a language, newest first, and what was decided of each."""
    decisions = store.decisions(kind, locale)
    live, here = live_of(decisions).live.get((kind, locale), ""), name_of(kind, locale)
    editions = [
        {
            "edition": edition,
            "name": edition[:NAME],
            "short": edition[:SHORT],
            "seen_at": seen_at,
            "state": state_of(edition, decisions),
            "live": edition == live,
            "here": edition == here,
            "decisions": [one for one in decisions if one.edition == edition],
        }
        for edition, _, _, seen_at in store.editions(kind, locale)
    ]
    return {"editions": editions[::-1], "live": live, "on_disk": here, "missing": _missing(store.load(here))}


def changes(before: Edition, after: Edition, notice: Notice, services: Any, parts: Sequence[Notice]) -> list[Line]:
    """What differs: the texts as their readers see them, then the sources. Empty when nothing does."""
    lines: list[Line] = []
    with suppress(Exception):  # one that this release's code can't fill: the sources still tell
        old, new = (preview(one, notice, services.brand, "https://exchange.example", parts) for one in (before, after))
        for name, was, now in (("e-mail", old.text, new.text), ("SMS", old.sms, new.sms), ("in-app", _item(old.item), _item(new.item))):
            lines += _compared(name, was, now)
    for name in sorted({*before.files, *after.files}):
        lines += _compared(name, before.files.get(name, ""), after.files.get(name, ""))
    for what, was_said, said in (
        ("texts of the template", before.texts, after.texts),
        ("texts of every notice", before.shared, after.shared),
    ):
        lines += _compared(what, _table(was_said), _table(said))
    return lines


def _compared(name: str, before: str, after: str) -> Iterator[Line]:
    if before == after:
        return
    yield Line("name", name)
    was, now = before.splitlines(), after.splitlines()
    for group in SequenceMatcher(None, was, now, autojunk=False).get_grouped_opcodes(AROUND):
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                yield from (Line("same", line) for line in was[i1:i2])
            else:
                yield from (Line("gone", line) for line in was[i1:i2])
                yield from (Line("new", line) for line in now[j1:j2])


def _table(texts: Mapping[str, str]) -> str:
    return "\n".join(f"{text} = {said}" if text != said else text for text, said in sorted(texts.items()))


def _item(item: Mapping[str, Any]) -> str:
    return f"{item.get('title', '')}\n{item.get('body', '')}"


def _missing(edition: Edition | None) -> list[str]:
    return missing(edition) if edition is not None else []
