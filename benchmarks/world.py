"""A fixed mix of events for measuring speed: many users with habits, a few surprises. Not for judging detection."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random

from embedded.exchange import networks

AGENT = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0 Safari/537.36"
MIX = (("logins", 30), ("trades", 45), ("transfers", 15), ("margin", 8), ("account-changes", 2))
"""Topic and percent of the events."""
SURPRISES = 0.03
"""Share of logins from a new device."""


def record(i: int) -> dict[str, object]:
    """Entry of user `i` in the directory."""
    return {
        "user_id": f"b{i}",
        "locale": ("en", "zh-CN", "ja", "ko")[i % 4],
        "time_zone": "UTC",
        "email": f"b{i}@bench.example",
        "phone": f"+8869{i:08d}",
        "anti_phishing_code": f"fox-{i}",
    }


def events(count: int, users: int, seed: int = 1, hours: float = 20.0) -> Iterator[tuple[str, bytes, bytes]]:
    """`count` events in event time, the last one now: (topic, key, value)."""
    rng = Random(seed)
    home = networks.of("home")
    begin = datetime.now(UTC) - timedelta(hours=hours)
    step = timedelta(hours=hours) / count
    kinds = [topic for topic, share in MIX for _ in range(share)]
    for n in range(count):
        u = rng.randrange(users)
        own = Random(u)
        at = (begin + n * step).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        client = {
            "session_id": f"s{u}-{n // 5000}",
            "ip": home[u % len(home)].address(own),
            "device_id": f"d{u}-{own.randrange(1 << 20)}",
            "user_agent": AGENT.format(140 + u % 3),
            "channel": "web",
        }
        topic = rng.choice(kinds)
        base = {"event_id": f"b{seed}-{n}", "user_id": f"b{u}", "occurred_at": at, "client": client}
        yield topic, f"b{u}".encode(), json.dumps(base | _body(topic, n, u, own, rng, client)).encode()


def _body(topic: str, n: int, u: int, own: Random, rng: Random, client: dict[str, str]) -> dict[str, object]:
    usd = 50 * (1 + own.random() * 20) * rng.lognormvariate(0, 0.5)
    match topic:
        case "logins":
            if rng.random() < SURPRISES:
                client["device_id"] = f"new-{n}"
            return {"type": "login", "outcome": "success" if rng.random() < 0.97 else "wrong_password", "mfa": "totp"}
        case "trades":
            return {
                "type": "trade", "order_id": f"o{n}", "action": "fill", "market": "BTC-USDT", "side": "buy", "order_type": "limit",
                "price": "97000.1", "quantity": f"{usd / 97000:.8f}", "usd_value": f"{usd:.2f}", "leverage": "1", "mark_price": "97010.0",
            }  # fmt: skip
        case "transfers":
            return {
                "type": "transfer", "transfer_id": f"t{n}", "direction": "withdrawal", "status": "requested", "asset": "USDT",
                "network": "TRON", "amount": f"{usd:.2f}", "usd_value": f"{usd:.2f}", "address": f"T{u:09d}{own.randrange(3):024d}",
                "balance_usd": f"{usd * 30:.2f}",
            }  # fmt: skip
        case "margin":
            return {"type": "margin", "account": "cross", "equity_usd": "1000.00", "maintenance_margin_usd": f"{rng.uniform(200, 700):.2f}"}
        case _:
            return {"type": "account_change", "change": "password_changed", "detail": {}}
