"""Putting a record aside: whole, with the reason in words."""

from __future__ import annotations

import base64
import os
import traceback
from datetime import datetime

import msgspec

from domain.messages import DeadLetter
from streams.publisher import Message
from streams.records import Item

LARGEST = 2_900_000
"""Bytes of a value that a dead letter holds: in base64 just below what its topic takes."""
CUT = "(cut: the record has {size} bytes, the first {kept} are kept)"
_ENCODE = msgspec.json.Encoder()


def dead_letter(item: Item, reason: str, field: str | None, now: datetime) -> Message:
    """The record whole, with the reason in words. Keyed like the record. One that no dead letter can hold is cut, and says so."""
    value = item.value
    if value is not None and len(value) > LARGEST:
        reason, value = f"{reason} {CUT.format(size=len(value), kept=LARGEST)}", value[:LARGEST]
    letter = DeadLetter(
        topic=item.where, partition=item.partition, offset=item.offset, key=_base64(item.key), value=_base64(value), reason=reason,
        field=field, at=now,
    )  # fmt: skip
    return Message("dead-letters", item.key, _ENCODE.encode(letter))


def where(error: BaseException) -> str:
    """Kind and place of an error. Not its text, which may hold what a person typed."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{type(error).__name__} in " + (f"{os.path.relpath(frames[-1].filename)}:{frames[-1].lineno}" if frames else "?")


def _base64(data: bytes | None) -> str | None:
    return None if data is None else base64.b64encode(data).decode()
