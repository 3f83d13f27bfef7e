"""Which channel takes another one's place where that one can't reach its reader."""

from __future__ import annotations

from domain.messages import Medium

OTHER: dict[str, Medium] = {"email": "sms", "sms": "email"}
WITHOUT = ("tip_", "announcement_", "digest")
"""How kinds begin that nothing takes the place of: what many are told at once, or is in the app already, isn't worth a text message."""


def substitute(channel: str, kind: str) -> Medium | None:
    """The other channel for a notice of `kind`; None where there is none."""
    return None if kind.startswith(WITHOUT) else OTHER.get(channel)
