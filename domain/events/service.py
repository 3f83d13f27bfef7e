"""A deposit delayed, an API refusing, KYC stuck."""

from typing import Any, Literal

from domain.events.base import Input, Text


class Service(Input, frozen=True, kw_only=True, omit_defaults=True, tag="service"):
    """A problem of the exchange's service that touches one user."""

    subject: Literal["deposit", "withdrawal", "order", "api", "kyc", "ticket"]
    problem: Literal["delayed", "failed", "rejected", "rate_limited", "stuck", "progress", "resolved"]
    reference: Text | None = None
    code: Text | None = None
    detail: dict[str, Any] | None = None
