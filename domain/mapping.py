"""An exchange's own records into Vigil's shapes: fields renamed, converted, values translated, as a mapping file says.

A mapping is data: paths to read, and for each what to make of it. It computes nothing else, so it can be read by whoever answers for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, get_args

import msgspec

from domain.decode import MAX_BYTES, Rejected
from domain.events import INPUT_TOPICS, STRUCTS, User

Kind = Literal["as it is", "text", "money", "time", "flag"]
UNITS = {"seconds": 1, "milliseconds": 1_000, "microseconds": 1_000_000}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OBJECT = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)
_ENCODER = msgspec.json.Encoder(decimal_format="string")
_ABSENT: Any = object()


class FieldRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"kind": "as"}):
    """What becomes of one field. With `value` alone it is a constant."""

    path: str | None = None
    """Where it stands in the exchange's record: names and numbers of list items, joined by dots."""
    value: Any = None
    kind: Kind = "as it is"
    values: dict[str, Any] | None = None
    """The exchange's words -> Vigil's. A word that isn't among them puts the record aside, unless there is a default."""
    default: Any = None
    """Where it is absent, or its word isn't among `values`."""
    unit: str | None = None
    """Of a time that is a number since 1970: seconds, milliseconds, microseconds."""
    zone: Literal["UTC"] | None = None
    """Of a time that names no offset. Only UTC: any other zone has hours that happen twice."""
    scale: str | None = None
    """Money is multiplied with it: `0.00000001` for satoshi."""


class MappingFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file of config/mappings/."""

    topic: str
    """The input topic, by Vigil's name."""
    fields: dict[str, str | FieldRule]
    """Vigil's field (`client.ip`) -> a path, or a rule."""
    when: dict[str, Any] = {}
    """Path -> value, or a list of values: only records with all of them. Others are left to the next mapping of the topic."""


class MappingError(ValueError):
    """A mapping is not as it should be; the text names the place in the file and what was expected."""


class TopicMapping:
    """The mappings of one topic: the first whose `when` fits is taken."""

    def __init__(self, files: Sequence[MappingFile]):
        self._compiled = [(_conditions(file), _rules(file), _tag(file.topic)) for file in files]

    def __call__(self, value: bytes) -> bytes | None:
        """The record in Vigil's shape; None for one that no mapping is for. Raises Rejected, naming Vigil's field."""
        if len(value) > MAX_BYTES:
            return value
        try:
            record = _OBJECT.decode(value)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            return value  # the decoder says in words what is wrong with it
        for conditions, rules, tag in self._compiled:
            if all(_found(record, path) in wanted for path, wanted in conditions):
                mapped: dict[str, Any] = {"type": tag} if tag else {}
                for target, field, rule in rules:
                    made = _made(record, field, rule)
                    if made is not None:
                        _put(mapped, target, made)
                return _ENCODER.encode(mapped)
        return None


def check(file: MappingFile) -> None:
    """Raises MappingError where the file could not work."""
    if file.topic not in INPUT_TOPICS:
        raise MappingError(f"topic: expected one of {', '.join(INPUT_TOPICS)}, not {file.topic!r}")
    shape = STRUCTS.get(file.topic, User)
    for name, given in file.fields.items():
        if name != "type":
            _check_target(name, shape)
        at, rule = f"fields.{name}", _rule(given)
        if not name or "" in name.split("."):
            raise MappingError(f"{at}: expected a field's name, parts joined by dots")
        if any(other.startswith(name + ".") for other in file.fields):
            raise MappingError(f"{at}: is a field of its own and holds others")
        if (rule.path is None) == (rule.value is None):
            raise MappingError(f"{at}: expected either path or value")
        if rule.unit is not None and (rule.unit not in UNITS or rule.kind != "time"):
            raise MappingError(f"{at}.unit: expected one of {', '.join(UNITS)}, and `as: time`")
        if rule.zone is not None and rule.kind != "time":
            raise MappingError(f"{at}.zone: only beside `as: time`")
        if rule.scale is not None and (rule.kind != "money" or not _is_number(rule.scale)):
            raise MappingError(f"{at}.scale: expected a plain decimal number in quotes, and `as: money`")
    for name in (field.encode_name for field in msgspec.structs.fields(shape) if field.required):
        if not any(target == name or target.startswith(name + ".") for target in file.fields):
            raise MappingError(f"fields: {name} is missing; without it no record would be taken")


def _check_target(name: str, shape: Any) -> None:
    """Whether there is such a field of an event, `client.ip` in its `client`. Raises MappingError."""
    for part in name.split("."):
        inner = [one for one in (shape, *get_args(shape)) if isinstance(one, type) and issubclass(one, msgspec.Struct)]
        if not inner:  # a mapping that says what it holds by itself, such as title.en
            return
        known = {field.encode_name: field.type for field in msgspec.structs.fields(inner[0])}
        if part not in known:
            raise MappingError(f"fields.{name}: there is no field {part!r}; expected one of {', '.join(sorted(known))}")
        shape = known[part]


def _conditions(file: MappingFile) -> list[tuple[tuple[str, ...], tuple[Any, ...]]]:
    return [(tuple(path.split(".")), tuple(v) if isinstance(v, list) else (v,)) for path, v in file.when.items()]


def _rules(file: MappingFile) -> list[tuple[tuple[str, ...], str, tuple[tuple[str, ...], FieldRule]]]:
    made = []
    for name, given in file.fields.items():
        rule = _rule(given)
        made.append((tuple(name.split(".")), name, (tuple((rule.path or "").split(".")), rule)))
    return made


def _rule(given: str | FieldRule) -> FieldRule:
    return FieldRule(path=given) if isinstance(given, str) else given


def _tag(topic: str) -> Any:
    return STRUCTS[topic].__struct_config__.tag if topic in STRUCTS else None


def _is_number(text: str) -> bool:
    try:
        return Decimal(text).is_finite()
    except InvalidOperation:
        return False


def _found(record: Any, path: Sequence[str]) -> Any:
    for part in path:
        if isinstance(record, Mapping):
            record = record.get(part, _ABSENT)
        elif isinstance(record, list) and part.isdecimal() and int(part) < len(record):
            record = record[int(part)]
        else:
            return _ABSENT
    return record


def _made(record: Mapping[str, Any], field: str, compiled: tuple[tuple[str, ...], FieldRule]) -> Any:
    path, rule = compiled
    if rule.path is None:
        return rule.value
    found = _found(record, path)
    if found is _ABSENT or found is None:
        return rule.default
    if rule.values is not None:
        known = rule.values.get(str(found).lower() if isinstance(found, bool) else str(found), rule.default)
        if known is None:
            raise Rejected("a word that the mapping doesn't know", field)
        return known
    if rule.kind == "text":
        return found if isinstance(found, str) else str(found)
    if rule.kind == "money":
        return _money(found, field, rule)
    if rule.kind == "time":
        return _time(found, field, rule)
    if rule.kind == "flag":
        return _flag(found, field)
    return found


def _money(found: Any, field: str, rule: FieldRule) -> str:
    try:
        number = Decimal(str(found)) * Decimal(rule.scale or "1")
    except InvalidOperation:
        raise Rejected("not a number of money", field) from None
    if isinstance(found, bool) or not number.is_finite():
        raise Rejected("not a number of money", field)
    plain = f"{number:f}"
    return plain.rstrip("0").rstrip(".") if rule.scale and "." in plain else plain


def _time(found: Any, field: str, rule: FieldRule) -> str:
    if rule.unit is not None:
        try:
            micros = Decimal(str(found)) * (1_000_000 // UNITS[rule.unit])
            return (_EPOCH + timedelta(microseconds=int(micros))).isoformat()
        except (InvalidOperation, OverflowError, ValueError):
            raise Rejected(f"not a number of {rule.unit} since 1970", field) from None
    try:
        moment = datetime.fromisoformat(str(found))
    except ValueError:
        raise Rejected("not a time", field) from None
    if moment.tzinfo is None:
        if rule.zone is None:
            raise Rejected("a time without offset", field)
        moment = moment.replace(tzinfo=UTC)
    return moment.isoformat()


def _flag(found: Any, field: str) -> bool:
    said = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}.get(str(found).lower())
    if said is None:
        raise Rejected("neither true nor false", field)
    return said


def _put(mapped: dict[str, Any], target: Sequence[str], value: Any) -> None:
    for part in target[:-1]:
        mapped = mapped.setdefault(part, {})
    mapped[target[-1]] = value
