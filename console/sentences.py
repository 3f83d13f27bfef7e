"""Findings in a colleague's words. English: the console's language."""

from __future__ import annotations

from console.html import in_words, short
from domain.messages import Finding, Reason

TITLES = {
    "login_new_device": "New device",
    "login_new_browser": "New browser version",
    "login_new_country": "New country",
    "login_impossible_travel": "Impossible travel",
    "login_after_failures": "Guessed password",
    "withdrawal_large": "Withdrawal far above usual",
    "withdrawal_new_address": "New withdrawal address",
    "withdrawal_lookalike_address": "Look-alike address",
    "withdrawal_rapid_drain": "Rapid drain",
    "security_setting_changed": "Security setting changed",
    "trade_burst": "Trade burst",
    "trade_size": "Trade far above usual",
    "trade_new_instrument": "New market",
    "trade_leverage_jump": "Leverage jump",
    "trade_off_mark": "Price far off the mark",
    "trade_counter_losses": "Losses to one counterparty",
    "api_key_new_address": "API key from elsewhere",
    "api_key_unusual_use": "API key used otherwise",
    "margin_low": "Margin low",
    "margin_liquidation_near": "Liquidation near",
    "service_delayed": "Transfer late",
    "service_api_refusals": "API refusals",
    "service_kyc_stuck": "Identity check stuck",
    "service_contact_bounced": "Contact out of reach",
    "service_ticket_progress": "News on a ticket",
    "report_campaign": "Campaign of reports",
    "report_campaign_alert": "Campaign of reports",
    "account_takeover": "Account takeover",
    "digest": "Digest",
}

FEATURES = {
    "device": "Device",
    "browser": "Browser",
    "network": "Network",
    "country": "Country",
    "speed_kmh": "Speed needed, km/h",
    "distance_km": "Distance, km",
    "failures": "Failed attempts before",
    "usd_value": "Size, USD",
    "cohort": "Against people alike",
    "share": "Share of balance",
    "payee": "Address",
    "lookalike": "Looks like",
    "withdrawals": "Withdrawals in a row",
    "change": "Change",
    "trades": "Trades",
    "trade_usd": "Trade, USD",
    "hour_usd": "Traded within the hour, USD",
    "instrument": "Market",
    "leverage": "Leverage",
    "off_mark": "Worse than the mark, %",
    "counter_losses": "Lost to one, USD",
    "counterparty_share": "Its part of all losses, %",
    "key_network": "Network of the key",
    "key_action": "What the key did",
    "key_hour": "Hour, UTC",
    "hours": "Hours to liquidation",
    "waited": "Waited, minutes",
    "refusals": "Refusals",
    "stuck_days": "Days without progress",
    "reporters": "Reporters",
    "ratio": "Maintenance / equity, %",
    "step_login": "First, the login",
    "step_change": "Then, the change",
    "step_withdrawal": "Then, the withdrawal",
}

CHANGES = {
    "password_changed": "the password was changed",
    "password_reset": "the password was reset",
    "mfa_enabled": "two-factor was switched on",
    "mfa_disabled": "two-factor was switched off",
    "mfa_reset": "two-factor was set up again",
    "email_changed": "the e-mail address was changed",
    "phone_changed": "the phone number was changed",
    "api_key_created": "an API key was made",
    "api_key_deleted": "an API key was deleted",
    "address_whitelisted": "an address was put on the list",
    "whitelist_disabled": "the address list was switched off",
    "limit_raised": "the withdrawal limit was raised",
    "recovery_requested": "account recovery was asked for",
    "anti_phishing_code_changed": "the anti-phishing code was changed",
}


def title(detector: str) -> str:
    return TITLES.get(detector) or in_words(detector)


def feature(name: str) -> str:
    return FEATURES.get(name) or in_words(name)


def sentence(finding: Finding) -> str:
    """What happened, as one would say it across the desk."""
    facts = finding.facts
    place = ", ".join(part for part in (facts.get("city", ""), facts.get("country", "")) if part) or "an unknown place"
    device = facts.get("device") or "a device without a name"
    amount = " ".join(part for part in (facts.get("amount", ""), facts.get("asset", "")) if part) or "coins"
    market = facts.get("market") or "a market"
    match finding.detector:
        case "login_new_device":
            return f"Someone signed in from a device never seen on this account: {device}, {place}."
        case "login_new_browser":
            return f"A known device signed in with another browser: {facts.get('browser') or device}."
        case "login_new_country":
            return f"Someone signed in from a country new to this account: {place}, {device}."
        case "login_impossible_travel":
            before = facts.get("previous_city") or facts.get("previous_country") or "the place before"
            return f"Two logins too far apart for one person: {before}, then {place} {facts.get('minutes') or 'few'} minutes later."
        case "login_after_failures":
            return f"{facts.get('failures') or 'Several'} wrong passwords, then the right one, from {device}, {place}."
        case "withdrawal_large":
            usual = f"; usual up to {facts['usual_usd']} USD" if facts.get("usual_usd") else ""
            return f"A withdrawal of {amount} was asked for, far above what is usual here{usual}."
        case "withdrawal_new_address":
            return f"{amount} to an address this account never paid: {short(facts.get('address', ''))}."
        case "withdrawal_lookalike_address":
            return (
                f"{amount} to {short(facts.get('address', ''))}, which looks like {short(facts.get('known_address', ''))} and is another."
            )
        case "withdrawal_rapid_drain":
            count, window = facts.get("withdrawals") or "Several", facts.get("window_minutes") or "few"
            return f"{count} withdrawals within {window} minutes take most of the balance."
        case "security_setting_changed":
            changed = CHANGES.get(facts.get("change", ""), "a security setting was changed")
            return f"{changed[:1].upper()}{changed[1:]}, from {device}."
        case "trade_burst":
            count, usual = facts.get("trades") or "Many", facts.get("usual_trades") or "few"
            return f"{count} trades on {facts.get('market') or 'a market'} in a short time; usual are {usual}."
        case "trade_size":
            what, usual = "Within an hour" if facts.get("window_minutes") else "In one trade", facts.get("usual_usd") or "less"
            return f"{what} {facts.get('usd_value') or 'many'} USD on {market}; usual up to {usual}."
        case "trade_new_instrument":
            return f"A first trade on {market}, after {facts.get('instruments') or 'some'} other markets."
        case "trade_leverage_jump":
            return f"Leverage {facts.get('leverage') or '?'} on {market}; usual up to {facts.get('usual_leverage') or 'less'}."
        case "trade_off_mark":
            return f"A {facts.get('side') or 'trade'} on {market} {facts.get('off_mark') or '?'} % worse than the mark."
        case "trade_counter_losses":
            lost, count = facts.get("lost_usd") or "?", facts.get("losing_trades") or "several"
            return f"{lost} USD given away to {short(facts.get('counterparty', 'one counterparty'))} in {count} trades within a day."
        case "api_key_new_address":
            return f"API key {short(facts.get('api_key', ''))} came from {facts.get('provider') or 'another network'}, {place}."
        case "api_key_unusual_use":
            done, usual = facts.get("key_action") or "something", facts.get("usual_actions") or "other things"
            return f"API key {short(facts.get('api_key', ''))} was used for: {done}; so far: {usual}."
        case "report_campaign" | "report_campaign_alert":
            about = facts.get("host") or short(facts.get("address", "")) or "the same words"
            return f"{facts.get('reporters') or 'Several'} users report {about}."
        case "margin_liquidation_near":
            return f"Liquidation within {facts.get('hours') or 'a few'} hours at today's pace of {market}."
        case "margin_low":
            return f"The margin account stands at {facts.get('ratio') or '?'} % of liquidation."
        case "account_takeover":
            changed = CHANGES.get(facts.get("change", ""), "a security setting was changed")
            return f"Someone entered in a way new to this account, then {changed}, then {amount} were asked to a new address."
    return f"{title(finding.detector)} on this account."


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
