"""Why something stands out, as sentences for the account's owner: one a feature (domain.facts.FEATURES).

A sentence says what was seen and what is usual for this very owner. It never names a score, a threshold or how much would have gone unseen:
whoever reads the owner's mail learns nothing that helps to pass below.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from domain.messages import Reason
from notices.compose import changes
from notices.compose.catalogue import Words
from notices.compose.formats import Formats, clean

MAX_REASONS = 5
_MAX_NAMES = 3
_NOTABLE_SHARE = 25
"""Percent of the balance from which it is worth a sentence."""

Facts = Mapping[str, str]
Say = Callable[[Reason, Facts, Formats, Words], Sequence[str]]


def sentences(reasons: Sequence[Reason], facts: Facts, formats: Formats, _: Words) -> list[str]:
    """The sentences of a notice in the order of its reasons, each once."""
    said: dict[str, None] = {}
    others = from_others(reasons)
    for reason in reasons:
        say = _SAY.get(reason.feature)
        if say is None or (others and reason.feature == "usd_value"):
            continue
        for sentence in say(reason, facts, formats, _):
            if sentence:
                said.setdefault(sentence)
    return list(said)[:MAX_REASONS]


def from_others(reasons: Sequence[Reason]) -> bool:
    """Whether "usual" is what others do, for an account too young to have a usual of its own: then nothing is said of the owner's."""
    return any(reason.feature == "cohort" for reason in reasons)


def _names(text: str | None, read: Callable[[str], str], comma: str) -> str:
    """The first few of a comma list, each put in words."""
    known = [read(part.strip()) for part in (text or "").split(",") if part.strip()]
    return comma.join(dict.fromkeys(known[:_MAX_NAMES]))


def _device(reason: Reason, facts: Facts, formats: Formats, _: Words) -> list[str]:
    usual = _names(reason.usual, formats.device, _.comma)
    first = _("This is the first time this device appears on your account.")
    return [_("Devices you usually sign in with: {devices}.", devices=usual), first] if usual else [first]


def _browser(reason: Reason, facts: Facts, formats: Formats, _: Words) -> list[str]:
    browser = formats.device(str(reason.value or "") or facts.get("browser"))
    return [_("{browser} is new on this device.", browser=browser)] if browser else []


def _network(reason: Reason, facts: Facts, formats: Formats, _: Words) -> list[str]:
    return [_("The network is new to your account.")]


def _country(reason: Reason, facts: Facts, formats: Formats, _: Words) -> list[str]:
    usual = _names(reason.usual, formats.country, _.comma)
    return (
        [_("Countries you usually sign in from: {countries}.", countries=usual)]
        if usual
        else [_("You had not signed in from this country before.")]
    )


def _travel(reason: Reason, facts: Facts, formats: Formats, _: Words) -> list[str]:
    before = formats.place(facts.get("previous_city"), facts.get("previous_country"))
    span = formats.duration(facts.get("minutes"))
    if not before or not span:
        return [_("Nobody travels from one place to the other in that time.")]
    return [_("The sign-in before: {place}. Time between the two: {duration}.", place=before, duration=span)]


def _failures(reason: Reason, facts: Facts, formats: Formats, _: Words) -> list[str]:
    count = clean(facts.get("failures") or str(reason.value or ""), 6)
    return [_("Wrong passwords or codes just before: {count}.", count=count)] if count else []


def _usd(reason: Reason, facts: Facts, formats: Formats, _: Words) -> list[str]:
    usual = formats.money(facts.get("usual_usd")) or formats.money(reason.usual)
    return [_("You usually send up to {amount} at once.", amount=usual)] if usual else [_("It is far above what you usually send.")]


def _cohort(reason: Reason, facts: Facts, formats: Formats, _: Words) -> list[str]:
    return [_("It is unusual for an account with a short history.")]


def _share(reason: Reason, facts: Facts, formats: Formats, _: Words) -> list[str]:
    share = clean(str(reason.value or "") or facts.get("share"), 4)
    notable = share.isdigit() and int(share) >= _NOTABLE_SHARE
    return [_("It is {share} % of your balance.", share=share)] if notable else []


def _payee(reason: Reason, facts: Facts, formats: Formats, _: Words) -> list[str]:
    return [_("You have never sent to this address.")]


def _lookalike(reason: Reason, facts: Facts, formats: Formats, _: Words) -> list[str]:
    return [_("It begins and ends like an address you know. The middle differs.")]


def _withdrawals(reason: Reason, facts: Facts, formats: Formats, _: Words) -> list[str]:
    count, span = clean(facts.get("withdrawals"), 6), formats.duration(facts.get("window_minutes"))
    return [_("Withdrawals within {duration}: {count}.", duration=span, count=count)] if count and span else []


def _change(reason: Reason, facts: Facts, formats: Formats, _: Words) -> list[str]:
    return [changes.consequence(facts.get("change", ""), facts.get("permissions", ""), _)]


def _trades(reason: Reason, facts: Facts, formats: Formats, _: Words) -> list[str]:
    count, span = clean(facts.get("trades"), 6), formats.duration(facts.get("window_minutes"))
    return [_("Trades within {duration}: {count}.", duration=span, count=count)] if count and span else []


def _step_login(reason: Reason, facts: Facts, formats: Formats, _: Words) -> list[str]:
    what = str(reason.value or "")
    said = [_("The device is new to your account.")] if "device" in what else []
    if "country" in what:
        said.append(_("You had not signed in from this country before."))
    return said


def _step_change(reason: Reason, facts: Facts, formats: Formats, _: Words) -> list[str]:
    what = str(reason.value or "") or facts.get("change", "")
    return [_("Shortly before: {change}.", change=changes.sentence(what, facts.get("permissions", ""), _))]


_SAY: dict[str, Say] = {
    "device": _device,
    "browser": _browser,
    "network": _network,
    "country": _country,
    "speed_kmh": _travel,
    "distance_km": _travel,
    "failures": _failures,
    "usd_value": _usd,
    "cohort": _cohort,
    "share": _share,
    "payee": _payee,
    "lookalike": _lookalike,
    "withdrawals": _withdrawals,
    "change": _change,
    "trades": _trades,
    "step_login": _step_login,
    "step_change": _step_change,
    "step_withdrawal": _payee,
}
SPOKEN = frozenset(_SAY)
"""Features that have words; `ratio` says itself in the notice."""
