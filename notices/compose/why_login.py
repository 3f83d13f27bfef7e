"""Why a sign-in or a change of the account stands out."""

from __future__ import annotations

from domain.messages import Reason
from notices.compose import changes
from notices.compose.catalogue import Words
from notices.compose.formats import Formats, clean
from notices.compose.why import MAX_NAMES, Facts, Say, days, names, value


def _device(reason: Reason, facts: Facts, formats: Formats, _: Words) -> list[str]:
    usual = names(reason.usual, formats.device, _.comma)
    first = _("This is the first time this device appears on your account.")
    return [_("Devices you usually sign in with: {devices}.", devices=usual), first] if usual else [first]


def _browser(reason: Reason, facts: Facts, formats: Formats, _: Words) -> list[str]:
    browser = formats.device(str(reason.value or "") or facts.get("browser"))
    return [_("{browser} is new on this device.", browser=browser)] if browser else []


def _network(reason: Reason, facts: Facts, formats: Formats, _: Words) -> list[str]:
    return [_("The network is new to your account.")]


def _country(reason: Reason, facts: Facts, formats: Formats, _: Words) -> list[str]:
    usual = names(reason.usual, formats.country, _.comma)
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
    count = clean(value(reason, facts, "failures"), 6)
    return [_("Wrong passwords or codes just before: {count}.", count=count)] if count else []


def _rare_device(reason: Reason, facts: Facts, formats: Formats, _: Words) -> list[str]:
    usual = names(reason.usual, formats.device, _.comma)
    return [_("Devices you usually sign in with: {devices}.", devices=usual)] if usual else []


def _rare_network(reason: Reason, facts: Facts, formats: Formats, _: Words) -> list[str]:
    return [_("You rarely sign in from this network.")]


def _rare_country(reason: Reason, facts: Facts, formats: Formats, _: Words) -> list[str]:
    usual = names(reason.usual, formats.country, _.comma)
    return [_("Countries you usually sign in from: {countries}.", countries=usual)] if usual else []


def _nothing(reason: Reason, facts: Facts, formats: Formats, _: Words) -> list[str]:
    return []


def _hour(reason: Reason, facts: Facts, formats: Formats, _: Words) -> list[str]:
    return [_("You rarely sign in at this hour.")]


def _prompts(reason: Reason, facts: Facts, formats: Formats, _: Words) -> list[str]:
    count = clean(value(reason, facts, "prompts"), 6)
    return [_("Requests just before that nobody confirmed: {count}.", count=count)] if count else []


def _idle(reason: Reason, facts: Facts, formats: Formats, _: Words) -> list[str]:
    span = days(formats, value(reason, facts, "idle_days"))
    return [_("Time since the sign-in before: {duration}.", duration=span)] if span else []


def _anonymity(reason: Reason, facts: Facts, formats: Formats, _: Words) -> list[str]:
    kind = value(reason, facts, "anonymity")
    if kind == "tor":
        return [_("The connection came through Tor.")]
    if kind == "hosting":
        return [_("The connection came from a data centre, not from a home or a phone.")]
    return [_("The connection came through a VPN or a proxy.")]


def _tool(reason: Reason, facts: Facts, formats: Formats, _: Words) -> list[str]:
    name = clean(value(reason, facts, "tool"), 40)
    return [_("The program calls itself {name}.", name=name)] if name else []


def _session_network(reason: Reason, facts: Facts, formats: Formats, _: Words) -> list[str]:
    return [_("The sign-in began in another network.")]


def _session_agent(reason: Reason, facts: Facts, formats: Formats, _: Words) -> list[str]:
    device = formats.device(facts.get("previous_device"))
    return [_("The sign-in began on this device: {device}.", device=device)] if device else [_("The sign-in began on another device.")]


def _step_login(reason: Reason, facts: Facts, formats: Formats, _: Words) -> list[str]:
    what = str(reason.value or "")
    said = [_("The device is new to your account.")] if "device" in what else []
    if "country" in what:
        said.append(_("You had not signed in from this country before."))
    if what in ("session", "network"):
        said.append(_("The sign-in began in another network."))
    if what == "api_key_created":
        said += _before(reason, facts, formats, _)
    return said


def _change(reason: Reason, facts: Facts, formats: Formats, _: Words) -> list[str]:
    return [changes.consequence(facts.get("change", ""), facts.get("permissions", ""), _)]


def _before(reason: Reason, facts: Facts, formats: Formats, _: Words) -> list[str]:
    what = str(reason.value or "") or facts.get("change", "")
    return [_("Shortly before: {change}.", change=changes.sentence(what, facts.get("permissions", ""), _))]


def _whitelist(reason: Reason, facts: Facts, formats: Formats, _: Words) -> list[str]:
    return [_("Shortly before: {change}.", change=changes.sentence("address_whitelisted", "", _))]


def _changes(reason: Reason, facts: Facts, formats: Formats, _: Words) -> list[str]:
    told = dict.fromkeys(part.strip() for part in facts.get("changes", "").split(",") if part.strip())
    return [_("{sentence}.", sentence=changes.sentence(what, "", _)) for what in list(told)[-MAX_NAMES:]]


def _permissions(reason: Reason, facts: Facts, formats: Formats, _: Words) -> list[str]:
    return [_("With this right a key can send coins out of your account without your password.")]


def _unrestricted(reason: Reason, facts: Facts, formats: Formats, _: Words) -> list[str]:
    return [_("The key works from any network address.")] if value(reason, facts, "ip_restricted") == "no" else []


SAY: dict[str, Say] = {
    "device": _device,
    "browser": _browser,
    "network": _network,
    "country": _country,
    "speed_kmh": _travel,
    "distance_km": _travel,
    "failures": _failures,
    "hour": _hour,
    "prompts": _prompts,
    "idle_days": _idle,
    "anonymity": _anonymity,
    "tool": _tool,
    "session_network": _session_network,
    "session_agent": _session_agent,
    "step_login": _step_login,
    "step_session": _session_network,
    "step_return": _idle,
    "change": _change,
    "step_change": _before,
    "step_recovery": _before,
    "step_whitelist": _whitelist,
    "recent_change": _before,
    "previous_change": _before,
    "changes": _changes,
    "permissions": _permissions,
    "ip_restricted": _unrestricted,
}

RARE: dict[str, tuple[str, Say]] = {
    "device": ("login_new_device", _rare_device),
    "network": ("", _rare_network),
    "country": ("login_new_country", _rare_country),
    "browser": ("login_new_browser", _nothing),
}
"""What may be said where login_risk weighed a feature: it counts what is rare, so only the detector named here makes it new."""
