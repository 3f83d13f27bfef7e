"""Why a trade, an API key, a margin account or a matter of service is told."""

from __future__ import annotations

from domain.messages import Reason
from notices.compose.catalogue import Words
from notices.compose.formats import Formats, clean
from notices.compose.why import Facts, Say, days, value, window


def _trades(reason: Reason, facts: Facts, formats: Formats, _: Words) -> list[str]:
    count, span = clean(facts.get("trades"), 6), window(formats, facts)
    return [_("Trades within {duration}: {count}.", duration=span, count=count)] if count and span else []


def _trade_usd(reason: Reason, facts: Facts, formats: Formats, _: Words) -> list[str]:
    usual = formats.money(facts.get("usual_usd")) or formats.money(reason.usual)
    return [_("You usually trade up to {amount} at once.", amount=usual)] if usual else []


def _hour_usd(reason: Reason, facts: Facts, formats: Formats, _: Words) -> list[str]:
    usual = formats.money(facts.get("usual_usd")) or formats.money(reason.usual)
    return [_("You usually trade up to {amount} within an hour.", amount=usual)] if usual else []


def _instrument(reason: Reason, facts: Facts, formats: Formats, _: Words) -> list[str]:
    known = clean(facts.get("instruments"), 6)
    said = [_("Your account traded in a market that it had not traded in before.")]
    return [*said, _("Markets that it traded in until now: {count}.", count=known)] if known else said


def _leverage(reason: Reason, facts: Facts, formats: Formats, _: Words) -> list[str]:
    now, usual = clean(value(reason, facts, "leverage"), 8), clean(facts.get("usual_leverage") or reason.usual, 8)
    return [_("Leverage: {leverage}. Usual for you: up to {usual}.", leverage=now, usual=usual)] if now and usual else []


def _off_mark(reason: Reason, facts: Facts, formats: Formats, _: Words) -> list[str]:
    price, mark = formats.amount(facts.get("price"), None), formats.amount(facts.get("mark_price"), None)
    return [_("Price of the trade: {price}. Market price at that time: {mark}.", price=price, mark=mark)] if price and mark else []


def _counter_losses(reason: Reason, facts: Facts, formats: Formats, _: Words) -> list[str]:
    count, span = clean(facts.get("losing_trades"), 6), window(formats, facts)
    return [_("Such trades within {duration}: {count}.", duration=span, count=count)] if count and span else []


def _key_network(reason: Reason, facts: Facts, formats: Formats, _: Words) -> list[str]:
    return [_("The key had not been used from this network before.")]


def _key_action(reason: Reason, facts: Facts, formats: Formats, _: Words) -> list[str]:
    return [_("The key had not been used for this before.")]


def _key_hour(reason: Reason, facts: Facts, formats: Formats, _: Words) -> list[str]:
    return [_("The key is not usually used at this hour.")]


def _because(facts: Facts, _: Words) -> list[str]:
    """The cause of a delay or refusal; a check by compliance is nobody's business but its own."""
    causes = {
        "network": _("The network is busy."),
        "node": _("Our connection to the network is being repaired."),
        "asset": _("This coin is under maintenance."),
        "rate": _("More requests came within a short time than are allowed."),
        "permission": _("The key does not have the right for these requests, or does not allow the address that they come from."),
        "signature": _("The signature or the time of the requests is wrong."),
        "parameters": _("The requests contain values that are not allowed."),
        "documents": _("A document is missing or cannot be read."),
    }
    cause = causes.get(facts.get("cause", ""))
    return [cause] if cause else []


def _waited(reason: Reason, facts: Facts, formats: Formats, _: Words) -> list[str]:
    now, usual = formats.duration(value(reason, facts, "waited_minutes")), formats.duration(facts.get("usual_minutes"))
    if not now:
        return _because(facts, _)
    said = (
        _("Waiting for: {duration}. Usual at most: {usual}.", duration=now, usual=usual)
        if usual
        else _("Waiting for: {duration}.", duration=now)
    )
    return [said, *_because(facts, _)]


def _refusals(reason: Reason, facts: Facts, formats: Formats, _: Words) -> list[str]:
    count, span = clean(value(reason, facts, "refusals"), 6), window(formats, facts)
    said = [_("Refused requests within {duration}: {count}.", duration=span, count=count)] if count and span else []
    return [*said, *_because(facts, _)]


def _stuck(reason: Reason, facts: Facts, formats: Formats, _: Words) -> list[str]:
    span = days(formats, value(reason, facts, "stuck_days"))
    return [*([_("Waiting for: {duration}.", duration=span)] if span else []), *_because(facts, _)]


def _reporters(reason: Reason, facts: Facts, formats: Formats, _: Words) -> list[str]:
    count = clean(value(reason, facts, "reporters"), 6)
    if not count:
        return []
    if facts.get("campaign_role") == "payer":
        return [_("People who reported this address: {count}.", count=count)]
    return [_("People who reported it: {count}.", count=count)]


SAY: dict[str, Say] = {
    "trades": _trades,
    "trade_usd": _trade_usd,
    "hour_usd": _hour_usd,
    "instrument": _instrument,
    "leverage": _leverage,
    "off_mark": _off_mark,
    "counter_losses": _counter_losses,
    "key_network": _key_network,
    "key_action": _key_action,
    "key_hour": _key_hour,
    "waited": _waited,
    "refusals": _refusals,
    "stuck_days": _stuck,
    "reporters": _reporters,
}
