"""Conditions on events in stories: `{event: transfer, where: {direction: deposit, usd_value: {at_most: 1}}, value: address}`.

Fields are those of the event, `client.NAME` and `detail.NAME` those of its parts. A field that is absent fits nothing; of a list one item
is enough.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from domain.events import STRUCTS, Input

KEYS = {"event", "where", "value", "patient"}
Test = Callable[[Any], bool]
_BY_TAG: dict[str, type[Any]] = {str(struct.__struct_config__.tag): struct for struct in STRUCTS.values()}
_BOUNDS = {"at_least": float.__ge__, "at_most": float.__le__}


class Condition(msgspec.Struct, frozen=True):
    """What an event has to be, and the word that it says then."""

    name: str
    struct: type[Input]
    tests: tuple[Test, ...]
    value: Callable[[Any], Any]

    def word(self, event: Any) -> str:
        """'' where it doesn't fit; else the field named by `value`, the type's name where there is none."""
        for test in self.tests:
            if not test(event):
                return ""
        return str(self.value(event) or self.struct.__struct_config__.tag)


def read(name: str, raw: Mapping[str, Any], parameters: Mapping[str, Any]) -> Condition:
    """The condition of a .yml; a number may be the name of a parameter. Raises ValueError that says what was expected."""
    unknown = set(raw) - KEYS
    if unknown:
        raise ValueError(f"unknown keys: {', '.join(sorted(map(str, unknown)))}; expected {', '.join(sorted(KEYS))}")
    struct = _BY_TAG.get(str(raw.get("event")))
    if struct is None:
        raise ValueError(f"event: expected one of {', '.join(sorted(_BY_TAG))}, not {raw.get('event')!r}")
    tests = tuple(_test(struct, str(field), wanted, parameters) for field, wanted in (raw.get("where") or {}).items())
    value = raw.get("value")
    return Condition(name, struct, tests, _field(struct, str(value)) if value else lambda event: None)


def _test(struct: type[Any], field: str, wanted: Any, parameters: Mapping[str, Any]) -> Test:
    get = _field(struct, field)
    if isinstance(wanted, Mapping):
        bounds = []
        for word, number in wanted.items():
            bound = parameters.get(number, number) if isinstance(number, str) else number
            if word not in _BOUNDS or isinstance(bound, bool) or not isinstance(bound, int | float):
                raise ValueError(f"where.{field}: expected at_least or at_most with a number or a parameter, not {word}: {number!r}")
            bounds.append((_BOUNDS[word], float(bound)))
        return lambda event: (got := _number(get(event))) is not None and all(holds(got, bound) for holds, bound in bounds)
    words = frozenset(wanted if isinstance(wanted, list) else [wanted])
    return lambda event: not words.isdisjoint(got if isinstance(got := get(event), list) else (got,))


def _field(struct: type[Any], path: str) -> Callable[[Any], Any]:
    """Reads a field. Raises ValueError when events of the type have none of that name."""
    part, _, name = path.rpartition(".")
    if part == "client":
        return lambda event: getattr(event.where, name)
    if part == "detail" and hasattr(struct, "about"):
        return lambda event: getattr(event.about, name)
    if part or name not in struct.__struct_fields__:
        raise ValueError(f"{path}: a {struct.__struct_config__.tag} has no such field")
    return lambda event: getattr(event, name)


def _number(value: Any) -> float | None:
    try:
        return None if value is None else float(value)
    except ValueError:
        return None
