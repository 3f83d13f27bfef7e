"""Fraud or genuine: from the user, an analyst, or the exchange."""

from typing import Literal

from domain.events.base import Id, Input, Text


class Verdict(Input, frozen=True, kw_only=True, omit_defaults=True, tag="verdict"):
    """What someone says about an event, a finding or a notice."""

    about: Id
    label: Literal["genuine", "fraud"]
    source: Literal["user", "analyst", "exchange"]
    by: Id
    via: Text | None = None
    """How a user said it: `link` (an answer page), `old_contact` (the link sent to a replaced contact), `inbox`; None from the exchange."""
    case: Text | None = None
    """Number of the case that a user's `not_me` opened; None else."""
