"""Fraud or genuine: from the user, an analyst, or the exchange."""

from typing import Literal

from domain.events.base import Id, Input


class Verdict(Input, frozen=True, kw_only=True, omit_defaults=True, tag="verdict"):
    """What someone says about an event, a finding or a notice."""

    about: Id
    label: Literal["genuine", "fraud"]
    source: Literal["user", "analyst", "exchange"]
    by: Id
