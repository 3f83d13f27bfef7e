"""Why the exchange's service refuses or delays, in a few words, and which article helps. Exchanges name causes in codes of their own."""

from __future__ import annotations

import re

_CAUSES = (
    ("rate", r"RATE|LIMIT|TOO_?MANY|THROTTL|\b429\b"),
    ("signature", r"SIGN|TIMESTAMP|RECV_?WINDOW|NONCE|CLOCK"),
    ("permission", r"PERMISSION|FORBIDDEN|UNAUTHORI|NOT_?ALLOWED|IP_|WHITELIST|\b40[13]\b"),
    ("compliance", r"COMPLIANCE|AML|RISK|REVIEW|TRAVEL_?RULE|SANCTION"),
    ("documents", r"DOCUMENT|PHOTO|SELFIE|PASSPORT|ADDRESS_?PROOF|EXPIRED|BLUR|MISMATCH"),
    ("network", r"NETWORK|CONGEST|CHAIN|GAS|FEE|MEMPOOL|CONFIRMATION"),
    ("node", r"NODE|WALLET|MAINTENANCE|HOT_?WALLET|UPGRADE"),
    ("asset", r"ASSET|TOKEN|COIN|SUSPEND|DELIST"),
    ("parameters", r"PARAM|INVALID|PRECISION|LOT_?SIZE|NOTIONAL|MALFORMED|BALANCE|FILTER|\b400\b"),
)
_PATTERNS = [(cause, re.compile(pattern)) for cause, pattern in _CAUSES]
_ARTICLES = {
    "deposit": "deposit-delayed",
    "withdrawal": "withdrawal-delayed",
    "order": "order-refused",
    "api": "api-refused",
    "kyc": "identity-check",
    "ticket": "support",
}


def cause(code: str | None, problem: str) -> str:
    """One of network node asset compliance rate permission signature parameters documents other."""
    if problem == "rate_limited":
        return "rate"
    text = (code or "")[:64].upper()
    for name, pattern in _PATTERNS:
        if pattern.search(text):
            return name
    return "other"


def article(subject: str, why: str) -> str:
    """Slug of the article that helps: `api-refused-rate`; without the cause where that is not known."""
    return _ARTICLES[subject] if why == "other" else f"{_ARTICLES[subject]}-{why}"
