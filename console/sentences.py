"""Findings in a colleague's words. English: the console's language."""

from __future__ import annotations

from console.html import in_words, short
from console.sentence_words import CHANGES, FEATURES, TITLES
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
    place = ", ".join(part for part in (facts.get("city", ""), facts.get("country", "")) if part) or "an unknown place"
    device = facts.get("device") or "a device without a name"
    amount = " ".join(part for part in (facts.get("amount", ""), facts.get("asset", "")) if part) or "coins"
    market = facts.get("market") or "a market"
    key = short(facts.get("api_key", "")) or "unnamed"
    payee = short(facts.get("address", "")) or "an address that isn't kept"
    changed = CHANGES.get(facts.get("change", ""), "a security setting was changed")
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
            return f"{amount} to an address this account never paid: {payee}."
        case "withdrawal_lookalike_address":
            return f"{amount} to {payee}, which looks like {short(facts.get('known_address', '')) or 'a known one'} and is another."
        case "withdrawal_rapid_drain":
            count, window = facts.get("withdrawals") or "Several", facts.get("window_minutes") or "few"
            return f"{count} withdrawals within {window} minutes take most of the balance."
        case "security_setting_changed":
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
            return f"API key {key} came from {facts.get('provider') or 'another network'}, {place}."
        case "api_key_unusual_use":
            done, usual = facts.get("key_action") or "something", facts.get("usual_actions") or "other things"
            return f"API key {key} was used for: {done}; so far: {usual}."
        case "login_anonymous_network":
            return f"Someone signed in through {ANONYMITY.get(facts.get('anonymity', ''), 'a network that hides where one is')}, {place}."
        case "login_dormant":
            return f"The account slept for {facts.get('idle_days') or 'many'} days; now someone signed in from {device}, {place}."
        case "login_mfa_fatigue":
            return f"{facts.get('prompts') or 'Several'} prompts for the second factor were not confirmed, then one was; {device}, {place}."
        case "login_risk":
            return f"Taken together, device, network, place and hour of this sign-in are not the owner's: {device}, {place}."
        case "login_scripted_agent":
            return f"A program signed in, not a browser: {facts.get('tool') or 'it says so itself'}, {place}."
        case "login_shared_device":
            return f"One device has signed in to {facts.get('accounts') or 'several'} accounts: {device}."
        case "login_stuffing_address" | "login_stuffing_network":
            where = "address" if finding.detector.endswith("address") else "network"
            return f"From one {where}, sign-ins failed on {facts.get('accounts') or 'many'} accounts; on this one, one got in."
        case "login_stuffing_spread":
            share, usual = facts.get("failure_share") or "many", facts.get("usual_share") or "fewer"
            return f"Of all sign-ins of the exchange {share} % fail now; usual at this hour: {usual} %. This one got in."
        case "session_stolen":
            return f"A session that began on {facts.get('previous_device') or 'another device'} goes on elsewhere: {device}, {place}."
        case "withdrawal_after_change":
            return f"{amount} were asked for {facts.get('minutes_since') or 'few'} minutes after {changed}."
        case "withdrawal_condemned_address":
            return f"{amount} to {payee}; {facts.get('verdicts') or 'earlier'} withdrawals there were found to be fraud."
        case "withdrawal_dormant_balance":
            days, share = facts.get("quiet_days") or "many", facts.get("share") or "?"
            return f"After {days} days of rest {amount} are to leave, {share} % of the balance."
        case "withdrawal_listed_address":
            return f"{amount} to {payee}, which is on the list {facts.get('list') or 'of bad addresses'}."
        case "withdrawal_mass_drain":
            many, usual = facts.get("drained_accounts") or "Many", facts.get("usual_accounts") or "fewer"
            return f"{many} accounts were emptied at once, this one among them; usual at this hour: {usual}."
        case "withdrawal_mule_address":
            return f"{amount} to {payee}, which {facts.get('payers') or 'many'} unrelated accounts paid for the first time just now."
        case "withdrawal_pass_through":
            came = facts.get("deposited_usd") or "What"
            return f"{came} USD came in and {amount} leave {facts.get('minutes_since') or 'few'} minutes later."
        case "withdrawal_structuring":
            count, limit = facts.get("withdrawals") or "Several", facts.get("limit_usd") or "one limit of"
            return f"{count} withdrawals right below {limit} USD, {facts.get('total_usd') or '?'} USD together."
        case "account_loosened":
            said = [CHANGES[one] for one in facts.get("changes", "").split(",") if one in CHANGES]
            return f"Several protections were loosened: {', '.join(said) or changed}."
        case "account_sim_swap":
            before = CHANGES.get(facts.get("previous_change", ""), "a contact was changed")
            return f"First {before}, then {changed}: the way of whoever took over a phone number."
        case "account_whitelist_off":
            return f"Withdrawals may go to any address again: the address list was switched off, from {device}."
        case "api_key_withdrawal_right":
            bound = {"no": ", from any network address", "yes": ", from its own addresses alone"}.get(facts.get("ip_restricted", ""), "")
            return f"An API key was made that may withdraw{bound}: {key}."
        case "service_delayed":
            usual = f"; nine in ten take {facts['usual_minutes']} at most" if facts.get("usual_minutes") else ""
            return f"A {facts.get('subject') or 'transfer'} of {amount} waits for {facts.get('waited_minutes') or 'many'} minutes{usual}."
        case "service_api_refusals":
            many, cause = facts.get("refusals") or "Many", facts.get("code") or facts.get("cause") or "not known"
            return f"{many} requests by API were refused for one cause: {cause}."
        case "service_kyc_stuck":
            return f"The identity check stands still for {facts.get('stuck_days') or 'some'} days."
        case "service_ticket_progress":
            return f"Ticket {facts.get('ticket') or 'without a number'}: {facts.get('ticket_state') or 'moved'}."
        case "service_contact_bounced":
            return f"What was sent to the owner's {'phone' if facts.get('subject') == 'phone' else 'e-mail address'} came back."
        case "address_poisoning":
            return f"Dust came from an address that looks like a known payee's; now {amount} are to go there: {payee}."
        case "api_key_drain":
            return f"An API key was made, or used as never before, and then moved {amount} to an address this account never paid."
        case "dormant_takeover":
            return f"A resting account was entered in a way new to it, and {amount} are to go to a new address."
        case "mule_payout":
            return f"Money of others came in, and {amount} go on at once to {payee}."
        case "session_theft":
            return f"A session goes on from elsewhere, and {amount} are to go to a new address."
        case "sim_swap":
            return f"A contact was changed, someone recovered through it and entered in a new way, and {amount} are to go to a new address."
        case "stranger_payout":
            return f"Someone entered in a way new to this account, and then {amount} were asked for."
        case "report_campaign" | "report_campaign_alert":
            about = facts.get("host") or short(facts.get("address", "")) or "the same words"
            return f"{facts.get('reporters') or 'Several'} users report {about}."
        case "margin_liquidation_near":
            return f"Liquidation within {facts.get('hours') or 'a few'} hours at today's pace of {market}."
        case "margin_low":
            return f"The margin account stands at {facts.get('ratio') or '?'} % of liquidation."
        case "account_takeover":
            return f"Someone entered in a way new to this account, then {changed}, then asked for {amount} to a new address."
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
