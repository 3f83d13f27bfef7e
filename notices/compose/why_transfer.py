"""Why a withdrawal stands out."""

from __future__ import annotations

from domain.messages import Reason
from notices.compose.catalogue import Words
from notices.compose.formats import Formats, clean
from notices.compose.why import Facts, Say, days, value, window

_NOTABLE_SHARE = 25
"""Percent of the balance from which it is worth a sentence."""


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
    count, span = clean(facts.get("withdrawals"), 6), window(formats, facts)
    return [_("Withdrawals within {duration}: {count}.", duration=span, count=count)] if count and span else []


def _limit(reason: Reason, facts: Facts, formats: Formats, _: Words) -> list[str]:
    said = _("It is one of several withdrawals just below a limit.")
    count, together = clean(facts.get("withdrawals"), 6), formats.money(facts.get("total_usd"))
    return [said, _("Such withdrawals lately: {count}, together {money}.", count=count, money=together)] if count and together else [said]


def _since(reason: Reason, facts: Facts, formats: Formats, _: Words) -> list[str]:
    span = formats.duration(value(reason, facts, "minutes_since"))
    return [_("Time between the two: {duration}.", duration=span)] if span else []


def _passed_on(reason: Reason, facts: Facts, formats: Formats, _: Words) -> list[str]:
    received = formats.money(facts.get("deposited_usd"))
    if received:
        return [_("Received shortly before: {money}.", money=received)]
    return [_("It sends on most of what came in just before.")]


def _listed(reason: Reason, facts: Facts, formats: Formats, _: Words) -> list[str]:
    return [_("Its address is on a list of addresses known for fraud or sanctions.")]


def _condemned(reason: Reason, facts: Facts, formats: Formats, _: Words) -> list[str]:
    return [_("Earlier withdrawals to its address have turned out to be fraud.")]


def _quiet(reason: Reason, facts: Facts, formats: Formats, _: Words) -> list[str]:
    span = days(formats, value(reason, facts, "quiet_days"))
    return [_("Time without any movement before: {duration}.", duration=span)] if span else []


def _payers(reason: Reason, facts: Facts, formats: Formats, _: Words) -> list[str]:
    return [_("Many other accounts have lately sent to its address for the first time.")]


def _drained(reason: Reason, facts: Facts, formats: Formats, _: Words) -> list[str]:
    return [_("We see many withdrawals of this kind at the moment.")]


def _key(reason: Reason, facts: Facts, formats: Formats, _: Words) -> list[str]:
    return [_("An API key was used for it.")]


def _lure(reason: Reason, facts: Facts, formats: Formats, _: Words) -> list[str]:
    return [_("{sentence}.", sentence=_("A tiny payment from a look-alike address came into your account"))]


def _income(reason: Reason, facts: Facts, formats: Formats, _: Words) -> list[str]:
    return [_("Money had come in shortly before.")]


SAY: dict[str, Say] = {
    "usd_value": _usd,
    "cohort": _cohort,
    "share": _share,
    "payee": _payee,
    "lookalike": _lookalike,
    "withdrawals": _withdrawals,
    "limit": _limit,
    "minutes_since": _since,
    "passed_on": _passed_on,
    "listed": _listed,
    "condemned": _condemned,
    "quiet_days": _quiet,
    "payers": _payers,
    "drained_accounts": _drained,
    "step_key": _key,
    "step_lure": _lure,
    "step_income": _income,
}
