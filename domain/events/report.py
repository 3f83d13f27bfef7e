"""Users reporting phishing, theft, scams."""

from typing import Literal

from domain.events.base import Id, Input, LongText, Text


class Report(Input, frozen=True, kw_only=True, omit_defaults=True, tag="report"):
    """A report in the user's own words."""

    subject: Literal["phishing", "theft", "impersonation", "scam_address"]
    text: LongText
    urls: list[Text]
    addresses: list[Text]
    senders: list[Text]
    campaign: Id | None = None
    """Set where Vigil tells a user of a campaign that reached him: its id. Such a report counts as nobody's."""
