"""One example per topic, with every field of the interface set."""

from typing import Any

AT = "2026-11-22T10:00:00.120Z"
CLIENT = {"session_id": "s1", "ip": "203.0.113.7", "device_id": "d1", "user_agent": "Mozilla/5.0", "channel": "web", "api_key_id": "k1"}


def _event(kind: str, /, **fields: Any) -> dict[str, Any]:
    return {"type": kind, "event_id": "e1", "user_id": "*" if kind == "announcement" else "u7", "occurred_at": AT, **fields}


EXAMPLES: dict[str, dict[str, Any]] = {
    "logins": _event("login", outcome="success", mfa="totp", client=CLIENT),
    "transfers": _event(
        "transfer",
        transfer_id="t1",
        direction="withdrawal",
        status="requested",
        asset="USDT",
        network="TRON",
        amount="1250.00",
        usd_value="1249.40",
        address="TQ5NxS",
        memo=None,
        counterparty_user_id=None,
        balance_usd="5020.10",
        client={},
    ),
    "trades": _event(
        "trade",
        order_id="o1",
        action="fill",
        market="BTC-USDT",
        side="buy",
        order_type="limit",
        price="97000.1",
        quantity="0.02",
        usd_value="1940.00",
        leverage="1",
        mark_price="97010.0",
        counterparty_user_id=None,
        client={},
    ),
    "account-changes": _event(
        "account_change",
        change="api_key_created",
        detail={"old": "a", "new": "b", "permissions": ["read", "trade", "withdraw"], "ip_restricted": False, "address": "x"},
        client={},
    ),
    "margin": _event(
        "margin",
        account="cross",
        equity_usd="1000.00",
        maintenance_margin_usd="820.00",
        positions=[
            {
                "market": "BTC-USDT-PERP",
                "side": "long",
                "size": "0.5",
                "entry_price": "98000",
                "mark_price": "97000",
                "liquidation_price": "95800",
                "leverage": "20",
            }
        ],
    ),
    "service-events": _event(
        "service", subject="withdrawal", problem="delayed", reference="t1", code="NETWORK_CONGESTED", detail={"minutes": 90}
    ),
    "reports": _event(
        "report", subject="phishing", text="...", urls=["http://okx-verify.example"], addresses=[], senders=[], campaign=None
    ),
    "verdicts": _event("verdict", about="e2", label="genuine", source="analyst", by="ana", client={}),
    "announcements": _event(
        "announcement",
        kind="maintenance",
        severity="notice",
        starts_at=AT,
        ends_at=AT,
        audience={"tier": ["vip"], "region": [], "holds": [], "open_orders_in": ["BTC-USDT"]},
        title={"en": "...", "zh-CN": "..."},
        body={"en": "...", "zh-CN": "..."},
    ),
    "users": {
        "user_id": "u7",
        "locale": "zh-TW",
        "region": "TW",
        "time_zone": "Asia/Taipei",
        "tier": "vip",
        "experience": "newcomer",
        "created_at": AT,
        "email": "a@b.example",
        "phone": "+886912345678",
        "anti_phishing_code": "red-fox",
        "previous_contacts": [{"kind": "email", "value": "old@b.example", "replaced_at": AT}],
        "preferences": {"channels": {"tip": ["inapp"]}, "quiet_hours": {"from": "22:00", "to": "08:00"}, "digest": "daily"},
    },
}
"""Topic -> one value."""

OPTIONAL = {
    "logins": {"mfa"},
    "transfers": {"network", "memo", "counterparty_user_id", "balance_usd", "usd_value"},
    "trades": {"order_type", "price", "usd_value", "leverage", "mark_price", "counterparty_user_id"},
    "account-changes": {"detail"},
    "margin": {"positions"},
    "service-events": {"reference", "code", "detail"},
    "reports": {"campaign"},
    "verdicts": set[str](),
    "announcements": set[str](),
}
"""Optional beside `client`; everything else is required (a withdrawal has an address)."""
