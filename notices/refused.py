"""Tips and announcements go neither to a contact that messages came back from, nor to who wants no more of them. All else does."""

from __future__ import annotations

from collections.abc import Callable, Collection

import msgspec

from domain.events.user import User
from domain.messages import Medium, Notice
from notices.compose.recipients import CURRENT, recipients
from notices.preferences import class_of, is_optional


def wanted(notice: Notice, user: User | None, unwanted: Collection[tuple[Medium, str]], bounced: Callable[[Medium, str], bool]) -> Notice:
    """The notice without the channels that are refused, each with its reason. As it is where it can't be refused.

    `unwanted`: (channel, class) that the user unsubscribed from; `bounced(channel, contact)`: whether messages came back from there.
    """
    if not is_optional(notice.kind):
        return notice
    group = class_of(notice.kind)
    gone: dict[str, str] = {channel: f"unsubscribed ({group})" for channel in notice.channels if (channel, group) in unwanted}
    for to in recipients(notice, user, notice.occurred_at):
        if to.slot == CURRENT and to.channel in ("email", "sms") and to.channel not in gone and bounced(to.channel, to.address):
            gone[to.channel] = "messages came back from this contact"
    if not gone:
        return notice
    return msgspec.structs.replace(
        notice, channels=[one for one in notice.channels if one not in gone], suppressed=notice.suppressed | gone
    )
