"""Bytes of an input topic -> an event, or the reason why not, naming the field."""

from __future__ import annotations

import re
from typing import Any, TypeVar

import msgspec

from domain.events import STRUCTS, Event, Transfer, User
from domain.events.user import Preferences, Protection

MAX_BYTES = 262_144
"""A larger event is refused: the largest honest one (a report with its text) stays far below."""
MAX_AHEAD = 300.0
"""Seconds that an event may lie ahead of the clock."""

T = TypeVar("T")
TOO_DEEP = "not one JSON object: nested too deep"


class _Typed(msgspec.Struct):
    """The type alone."""

    type: str | None = None


_EVENT: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)
_OBJECT = msgspec.json.Decoder(dict[str, Any])
_TYPE = msgspec.json.Decoder(_Typed)
_TAGS = {struct.__struct_config__.tag for struct in STRUCTS.values()}
_BYTE = re.compile(r"\(byte (\d+)\)")
_KEY_BEFORE = re.compile(rb'"([A-Za-z_]{1,64})"\s*:\s*[-+\w.]*\Z')
_PATH = re.compile(r" - at `\$\.?([^`]*)`$")
_MISSING = re.compile(r"missing required field `([^`]+)`")


class Rejected(ValueError):
    """The record can't be taken. `reason` is in words, `field` the path of the field where one is at fault."""

    def __init__(self, reason: str, field: str | None = None):
        super().__init__(reason if field is None else f"{field}: {reason}")
        self.reason, self.field = reason, field


def decode(topic: str, key: bytes | None, value: bytes | None, now: float) -> Event:
    """The event of an input topic (name without prefix; not `users`). `now`: seconds since the epoch. Raises Rejected."""
    try:
        event = decode_any(value)
    except Rejected:  # what fails as the type that it claims may not belong here at all: that is the better reason
        _check_type(topic, value)
        raise
    if type(event) is not STRUCTS[topic]:
        raise _of_another_topic(event.__struct_config__.tag, topic)
    if event.at > now + MAX_AHEAD:
        raise Rejected("more than five minutes ahead of the clock", "occurred_at")
    check_key(key, event.user_id)
    return event


def decode_any(value: bytes | None) -> Event:
    """An event of any input topic but `users`, whatever its topic, its key and the clock. Raises Rejected."""
    try:
        event = _json(_EVENT, value)
    except Rejected:  # null and absent are the same, also where a field has a default other than null
        less = _without_nulls(value)
        if less is None:
            raise
        event = _json(_EVENT, less)
    if isinstance(event, Transfer) and event.direction == "withdrawal" and not event.address:
        raise Rejected("a withdrawal needs an address", "address")
    return event


def _without_nulls(value: bytes | None) -> bytes | None:
    """The object without its fields that are null; None where there are none, or it is no object."""
    if not value or b"null" not in value or len(value) > MAX_BYTES:
        return None
    try:
        return msgspec.json.encode(_told(_OBJECT.decode(value)))
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None


def _told(value: Any) -> Any:
    return {name: _told(one) for name, one in value.items() if one is not None} if isinstance(value, dict) else value


def decode_user(key: bytes | None, value: bytes) -> tuple[User, list[str]]:
    """A directory record and the fields that were bad and fell back to their default. Raises Rejected when no user_id can be had."""
    raw = _json(_OBJECT, value)
    try:
        user = msgspec.convert({"user_id": raw.get("user_id")}, User)
    except msgspec.ValidationError as error:
        raise _rejected(error) from None
    check_key(key, user.user_id)
    good: dict[str, Any] = {"user_id": user.user_id}
    bad: list[str] = []
    for name in User.__struct_fields__:
        if name != "user_id" and raw.get(name) is not None:
            good[name] = _what_is_good(name, raw[name], {"user_id": user.user_id}, User, bad)
    return msgspec.convert(good, User), bad


def _what_is_good(name: str, value: Any, required: dict[str, Any], struct: type[msgspec.Struct], bad: list[str]) -> Any:
    """The value of a struct's field, or what is left of it: a group without its bad fields, a list without its bad entries; None for
    nothing. What was bad is added to `bad` by its path."""
    try:
        msgspec.convert(required | {name: value}, struct)
        return value
    except msgspec.ValidationError:
        pass
    if isinstance(value, dict) and name in _GROUPS:
        group, found = _GROUPS[name], list[str]()
        kept = {part: _what_is_good(part, value[part], {}, group, found) for part in group.__struct_fields__ if value.get(part) is not None}
        bad += [f"{name}.{part}" for part in found]
        return kept
    bad.append(name)
    if not isinstance(value, list) or len(value) < 2:
        return None
    entries = [_what_is_good(name, [one], required, struct, []) for one in value if one is not None]
    return [one for entry in entries for one in entry or ()] or None


_GROUPS: dict[str, type[msgspec.Struct]] = {"preferences": Preferences, "protection": Protection}
"""Groups of a directory record whose fields are all optional: a bad one falls back alone."""


def check_key(key: bytes | None, user_id: str) -> None:
    """Raises Rejected unless the key is the user_id: with another key another worker owns that user."""
    if key != user_id.encode():
        raise Rejected("the key is not the event's user_id", "key")


def _json(decoder: msgspec.json.Decoder[T], value: bytes | None) -> T:
    text = _text(value)
    try:
        return decoder.decode(text)
    except msgspec.ValidationError as error:
        raise _rejected(error) from None
    except msgspec.DecodeError as error:
        raise _malformed(error, text) from None
    except RecursionError:
        raise Rejected(TOO_DEEP) from None


def _text(value: bytes | None) -> bytes:
    if not value:
        raise Rejected("the value is empty")
    try:
        value.decode()
    except UnicodeDecodeError as error:
        raise Rejected(f"not UTF-8 at byte {error.start}") from None
    if len(value) > MAX_BYTES:
        raise Rejected(f"{len(value)} bytes, more than {MAX_BYTES}", _largest_field(value))
    return value


def _largest_field(value: bytes) -> str | None:
    """The name of the longest string field, to be told in the reason; None where it can't be read."""
    try:
        fields = _OBJECT.decode(value)
    except (msgspec.MsgspecError, RecursionError):
        return None
    return max(fields, key=lambda name: len(msgspec.json.encode(fields[name])), default=None)


def _check_type(topic: str, value: bytes | None) -> None:
    """Raises Rejected when the record names the type of another topic."""
    try:
        kind = _TYPE.decode(value or b"").type
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return
    if kind in _TAGS and kind != STRUCTS[topic].__struct_config__.tag:
        raise _of_another_topic(kind, topic)


def _of_another_topic(kind: Any, topic: str) -> Rejected:
    return Rejected(f"type {kind!r} does not belong on topic {topic}", "type")


def _malformed(error: msgspec.DecodeError, value: bytes) -> Rejected:
    """With the field whose value stands where the JSON breaks, as `NaN` does."""
    at = _BYTE.search(str(error))
    field = _KEY_BEFORE.search(value[: int(at.group(1))]) if at else None
    return Rejected(f"not one JSON object: {error}", field.group(1).decode() if field else None)


def _rejected(error: msgspec.ValidationError) -> Rejected:
    message = str(error)
    at = _PATH.search(message)
    path = at.group(1) if at else ""
    missing = _MISSING.search(message)
    if missing:
        path = f"{path}.{missing.group(1)}".lstrip(".")
    reason = _PATH.sub("", message)
    if "matching regex" in reason:
        reason = "not a plain decimal string" if "0-9" in reason else "a control character is not allowed"
    return Rejected(reason, path or None)
