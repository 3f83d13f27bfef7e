"""What the detectors of each family tell, with all facts and (`:bare`) with none but those that an event always has."""

from __future__ import annotations

from domain.messages import Finding, Reason
from domain.severity import Severity
from notices.samples.make import finding

LOGIN = {"device": "Firefox on Linux", "browser": "Firefox 142", "city": "Toronto", "country": "CA", "mfa": "totp"}
WITHDRAWAL = {
    "transfer_id": "t1", "amount": "1250.500000", "asset": "USDT", "network": "TRON", "usd_value": "1249.40", "balance_usd": "5020.10",
    "address": "TQ5xYb7mZkLwq1Nn8vR3sT6uE9cJ2aHdPf", "device": "Chrome on Windows", "city": "Toronto", "country": "CA",
}  # fmt: skip
CHANGE = {"device": "Chrome on Windows", "city": "Toronto", "country": "CA"}
TRADE = {"market": "BTC-USDT", "side": "buy", "usd_value": "91000.00", "device": "Chrome on Windows", "country": "CA"}
KEY = {"api_key": "k-1", "city": "Toronto", "country": "CA", "provider": "Cloud 9"}
MARGIN = {"account": "cross", "ratio": "90", "equity_usd": "911.00", "maintenance_margin_usd": "820.00", "liquidation_price": "95800"}
CLEAR = {"add_usd": "120", "cut_size": "0.1", "cut_market": "BTC-USDT"}

Reasons = dict[str, str | float | None]
TOLD: dict[str, tuple[Severity, dict[str, str], Reasons]] = {
    "login_risk": ("notice", LOGIN, {"hour": "03", "network": "as5", "country": "CA", "device": "Firefox on Linux"}),
    "login_mfa_fatigue": ("warning", LOGIN | {"prompts": "14"}, {"prompts": 14}),
    "login_dormant": ("notice", LOGIN | {"idle_days": "412"}, {"idle_days": 412}),
    "login_anonymous_network:tor": ("notice", LOGIN | {"anonymity": "tor"}, {"anonymity": "tor"}),
    "login_anonymous_network:hosting": ("notice", LOGIN | {"anonymity": "hosting"}, {"anonymity": "hosting"}),
    "login_anonymous_network": ("notice", LOGIN | {"anonymity": "vpn"}, {"anonymity": "vpn"}),
    "login_scripted_agent": ("notice", LOGIN | {"tool": "python-requests"}, {"tool": "python-requests"}),
    "session_stolen": ("warning", LOGIN | {"session_id": "s1", "previous_device": "Chrome on macOS"}, {"session_network": "as5", "session_agent": "Firefox"}),
    "login_stuffing_address": ("warning", LOGIN | {"accounts": "212"}, {"accounts": 212}),
    "login_stuffing_network": ("warning", LOGIN | {"accounts": "900"}, {"accounts": 900}),
    "login_stuffing_spread": ("notice", LOGIN | {"failure_share": "61", "usual_share": "7"}, {"failure_share": 61}),
    "login_shared_device": ("notice", LOGIN | {"accounts": "6"}, {"accounts": 6}),
    "account_sim_swap": ("warning", CHANGE | {"change": "recovery_requested", "previous_change": "phone_changed"}, {"previous_change": "phone_changed"}),
    "account_whitelist_off": ("notice", CHANGE | {"change": "whitelist_disabled"}, {"change": "whitelist_disabled"}),
    "account_loosened": ("warning", CHANGE | {"change": "limit_raised", "changes": "mfa_disabled,whitelist_disabled,limit_raised"}, {"changes": 3}),
    "api_key_withdrawal_right": (
        "warning", CHANGE | {"change": "api_key_created", "permissions": "read,withdraw", "api_key": "k-1", "ip_restricted": "no"},
        {"permissions": "read,withdraw", "ip_restricted": "no"},
    ),
    "withdrawal_structuring": ("warning", WITHDRAWAL | {"withdrawals": "4", "total_usd": "7800", "limit_usd": "2000"}, {"limit": 4, "total_usd": 7800}),
    "withdrawal_after_change": (
        "warning", WITHDRAWAL | {"minutes_since": "12", "change": "password_reset"}, {"recent_change": "password_reset", "minutes_since": 12, "amount_rank": 99}
    ),
    "withdrawal_pass_through": ("warning", WITHDRAWAL | {"minutes_since": "9", "deposited_usd": "1300.00"}, {"passed_on": 96, "minutes_since": 9}),
    "withdrawal_listed_address": ("warning", WITHDRAWAL | {"list": "sanctions"}, {"listed": "sanctions"}),
    "withdrawal_condemned_address": ("warning", WITHDRAWAL | {"verdicts": "3"}, {"condemned": 3}),
    "withdrawal_dormant_balance": ("notice", WITHDRAWAL | {"quiet_days": "200"}, {"quiet_days": 200}),
    "withdrawal_mule_address": ("notice", WITHDRAWAL | {"payers": "9"}, {"payers": 9}),
    "withdrawal_mass_drain": ("notice", WITHDRAWAL | {"drained_accounts": "40", "usual_accounts": "2"}, {"drained_accounts": 40}),
    "trade_size": ("notice", TRADE | {"usual_usd": "4000.00"}, {"trade_usd": 91000}),
    "trade_size:hour": ("notice", TRADE | {"usual_usd": "4000.00", "window_minutes": "60"}, {"hour_usd": 91000}),
    "trade_new_instrument": ("info", TRADE | {"instruments": "3"}, {"instrument": "BTC-USDT"}),
    "trade_leverage_jump": ("notice", TRADE | {"leverage": "50", "usual_leverage": "3"}, {"leverage": 50}),
    "trade_off_mark": ("notice", TRADE | {"price": "90100.5", "mark_price": "97010.0", "off_mark": "7.1"}, {"off_mark": 7.1}),
    "trade_counter_losses": (
        "warning", TRADE | {"losing_trades": "14", "window_hours": "24", "lost_usd": "900"}, {"counter_losses": 900, "counterparty_share": 97}
    ),
    "api_key_new_address": ("notice", KEY, {"key_network": "as5"}),
    "api_key_unusual_use": ("notice", KEY | {"key_action": "withdrawal", "usual_actions": "trade"}, {"key_action": "withdrawal", "key_hour": 3}),
    "margin_liquidation_near": ("warning", MARGIN | CLEAR | {"hours": "9"}, {"hours": 9, "ratio": 90}),
    "margin_liquidation_near:add": ("warning", MARGIN | {"hours": "1", "add_usd": "120"}, {"hours": 1}),
    "margin_low:numbers": ("critical", MARGIN | CLEAR | {"ratio": "96"}, {"ratio": 96}),
    "service_delayed:deposit": ("info", {"subject": "deposit", "waited_minutes": "95", "cause": "other"}, {"waited": 95}),
    "service_delayed": (
        "info", {"subject": "withdrawal", "waited_minutes": "95", "usual_minutes": "20", "cause": "network", "code": "NETWORK_CONGESTED", "article": "withdrawal-delayed"},
        {"waited": 95},
    ),
    **{
        f"service_api_refusals:{cause}": ("info", {"subject": "api", "refusals": "60", "window_minutes": "15", "cause": cause}, {"refusals": 60})
        for cause in ("permission", "signature", "parameters", "other")
    },
    "service_api_refusals": ("info", {"subject": "api", "refusals": "60", "window_minutes": "15", "cause": "rate", "code": "429"}, {"refusals": 60}),
    "service_kyc_stuck": ("info", {"subject": "kyc", "stuck_days": "9", "cause": "documents"}, {"stuck_days": 9}),
    **{
        f"service_ticket_progress:{state}": ("info", {"subject": "ticket", "ticket": "77-4120", "ticket_state": state}, {"ticket_state": state})
        for state in ("opened", "answered", "solved", "closed", "progress")
    },
    "service_ticket_progress": ("info", {"subject": "ticket", "ticket": "77-4120", "ticket_state": "waiting"}, {"ticket_state": "waiting"}),
    "service_contact_bounced": ("notice", {"subject": "email"}, {}),
    "service_contact_bounced:phone": ("notice", {"subject": "phone"}, {}),
    "report_campaign:payer": ("info", {"campaign_role": "payer", "report_subject": "scam_address", "reporters": "7"}, {"reporters": 7}),
    "report_campaign": ("info", {"campaign_role": "reporter", "report_subject": "phishing", "host": "okx-verify[.]example", "reporters": "7"}, {"reporters": 7}),
    "account_takeover:stage": ("warning", CHANGE | {"change": "mfa_disabled"}, {"step_login": "device", "step_change": "mfa_disabled"}),
    "session_theft": ("critical", WITHDRAWAL, {"step_session": "network", "step_withdrawal": "TQ5x"}),
    "sim_swap": ("critical", WITHDRAWAL | {"change": "password_reset"}, {"step_recovery": "phone_changed", "step_withdrawal": "TQ5x"}),
    "api_key_drain": ("critical", WITHDRAWAL | {"api_key": "k-1"}, {"step_key": "k-1", "step_withdrawal": "TQ5x"}),
    "address_poisoning": ("critical", WITHDRAWAL | {"known_address": "TQ5xYb0000000000000000000000HdPf"}, {"step_lure": "TQ5x", "step_withdrawal": "TQ5x"}),
    "value_extraction": (
        "critical", TRADE | {"losing_trades": "14", "window_hours": "24", "lost_usd": "90"}, {"step_login": "device", "step_losses": "losses"}
    ),
    "mule_payout": ("critical", WITHDRAWAL, {"step_income": "1300", "step_withdrawal": "TQ5x"}),
    "dormant_takeover": ("critical", WITHDRAWAL | {"idle_days": "412"}, {"step_return": "412", "step_withdrawal": "TQ5x"}),
    "stranger_payout": ("critical", WITHDRAWAL, {"step_login": "country", "step_whitelist": "TQ5x", "step_withdrawal": "TQ5x"}),
}  # fmt: skip


def by_family() -> dict[str, Finding]:
    """Kind and variant -> a finding that makes it, the barest first."""
    made: dict[str, Finding] = {}
    for name, (severity, facts, reasons) in TOLD.items():
        kind = name.split(":")[0]
        bare = {key: value for key, value in facts.items() if key in ("amount", "asset", "account", "transfer_id")}
        if kind != "margin_low":
            silent = [Reason(feature, None, None, 0.1) for feature in reasons]
            made.setdefault(f"{kind}:bare", finding(kind, severity, facts=bare if kind.startswith("withdrawal_") else {}, reasons=silent))
        told = [Reason(feature, value, None, 0.1) for feature, value in reasons.items()]
        made[name] = finding(kind, severity, facts=facts, reasons=told)
    return made
