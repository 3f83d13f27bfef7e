"""The one message for what was throttled: it names the notices whose e-mails were left out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from domain.ids import notice_id
from domain.messages import Notice
from domain.severity import RANK


def digest_notice(user_id: str, parts: Sequence[Notice], now: datetime) -> Notice:
    """A notice of kind `digest` about `parts` (at least one, of one user), by e-mail only: in the app each is there already.

    Its id follows from the parts, whatever their order, so the same digest made twice is one.
    """
    ordered = sorted(parts, key=lambda n: (n.occurred_at, n.notice_id))
    names = [part.notice_id for part in ordered]
    group = "digest:" + ",".join(sorted(names))
    return Notice(
        notice_id=notice_id(group, user_id, "digest"),
        user_id=user_id,
        kind="digest",
        severity="notice",
        created_at=now,
        expires_at=None,
        finding_ids=[finding for part in ordered for finding in part.finding_ids],
        channels=["email"],
        occurred_at=ordered[-1].occurred_at,
        group=group[:256],
        answerable=False,
        source=ordered[-1].source,
        config_hash=ordered[-1].config_hash,
        parts=names,
    )


def listed(parts: Sequence[Notice]) -> list[Notice]:
    """What a digest of `parts` says, in event time: each event once, by the gravest notice about it, and of a thread its latest."""
    said: dict[tuple[str, str], Notice] = {}
    for part in sorted(parts, key=lambda n: (n.occurred_at, n.notice_id)):
        name = ("thread", part.thread) if part.thread else ("event", part.group)
        before = said.get(name)
        if before is None or part.thread or RANK[part.severity] > RANK[before.severity]:
            said[name] = part
    return sorted(said.values(), key=lambda n: (n.occurred_at, n.notice_id))
