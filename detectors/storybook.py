"""Reads the stories of detectors/stories/*.yml. What a step may say is at the top of docs/stories.md."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, get_args

from detectors import conditions
from detectors.conditions import Condition
from detectors.story import FOUND, LINKS, Link, Story, StoryStep
from domain.facts import FEATURES
from domain.messages import Action
from domain.severity import SEVERITIES

KEYS = {"steps", "unless", "same"}
STEP_KEYS = {"name", "any", "values", "early", "anytime", "within", "same", "severity", "asks", "patient"}
ABSENT_KEYS = {"any", "values", "before", "same"}
ASKS = tuple(action for action in get_args(Action) if action != "release")
_SPAN = re.compile(r"^(\d+(?:\.\d+)?)([dhms])$")
_UNITS = {"d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0}


def build(story_id: str, raw: Mapping[str, Any], parameters: Mapping[str, Any], known: Collection[str] | None = None) -> Story:
    """The story with these parameters; `window_hours` is its window. Raises ValueError with the place of the mistake."""
    declared = {key: raw[key] for key in KEYS if raw.get(key)}
    shared = _links(declared.get("same", ()), "same")
    steps = tuple(
        _step(f"steps[{at}]", f"{story_id}/{at}", step, shared if at else (), parameters, known)
        for at, step in enumerate(declared.get("steps") or [])
    )
    if len(steps) < 2:
        raise ValueError("steps: a story has at least two")
    if len({step.name for step in steps}) < len(steps):
        raise ValueError("steps: two have the same name")
    if steps[-1].anytime or steps[-1].early:
        raise ValueError(f"steps[{len(steps) - 1}]: the last step completes the story, it can't come earlier")
    unless = tuple(
        _absent(f"unless[{at}]", f"{story_id}/unless{at}", step, parameters, known) for at, step in enumerate(declared.get("unless") or [])
    )
    window = parameters.get("window_hours")
    if isinstance(window, bool) or not isinstance(window, int | float) or window <= 0:
        raise ValueError(f"parameters.window_hours: expected hours above 0, not {window!r}")
    return Story(story_id, steps, float(window) * 3600.0, unless, declared)


def conditions_of(story: Story, parameters: Mapping[str, Any]) -> list[Condition]:
    """The conditions on events that its steps name."""
    found = []
    for label, kind in (("", "steps"), ("unless", "unless")):
        for at, step in enumerate(story.declared.get(kind) or []):
            for n, one in enumerate(step["any"]):
                if isinstance(one, Mapping):
                    found.append(conditions.read(f"{story.id}/{label}{at}.{n}", one, parameters))
    return found


def _step(
    at: str, name: str, raw: Any, shared: tuple[tuple[Link, ...], ...], parameters: Mapping[str, Any], known: Collection[str] | None
) -> StoryStep:
    _keys(at, raw, STEP_KEYS)
    if raw.get("name") not in FEATURES:
        raise ValueError(f"{at}.name: {raw.get('name')!r} is not in domain.facts.FEATURES")
    severity = raw.get("severity")
    if severity is not None and severity not in SEVERITIES:
        raise ValueError(f"{at}.severity: expected one of {', '.join(SEVERITIES)}, not {severity!r}")
    asks = tuple(raw.get("asks") or ())
    if unknown := [one for one in asks if one not in ASKS]:
        raise ValueError(f"{at}.asks: expected some of {', '.join(ASKS)}, not {unknown[0]!r}")
    any_of, patient = _any(f"{at}.any", name, raw, parameters, known), frozenset(raw.get("patient") or ())
    if unknown := sorted(patient.difference(any_of)):
        raise ValueError(f"{at}.patient: {unknown[0]} is not among any")
    waiting = {named for named, one in zip(any_of, raw["any"], strict=True) if isinstance(one, Mapping) and one.get("patient")}
    return StoryStep(
        name=raw["name"],
        any=any_of,
        patient=patient | waiting,
        values=frozenset(raw.get("values") or ()),
        early=frozenset(raw.get("early") or ()),
        anytime=bool(raw.get("anytime", False)),
        within=_span(f"{at}.within", raw["within"], parameters) if "within" in raw else None,
        same=_links(raw["same"], f"{at}.same") if "same" in raw else shared,
        severity=severity,
        asks=asks,
    )


def _absent(at: str, name: str, raw: Any, parameters: Mapping[str, Any], known: Collection[str] | None) -> StoryStep:
    _keys(at, raw, ABSENT_KEYS)
    return StoryStep(
        name=name,
        any=_any(f"{at}.any", name, raw, parameters, known),
        values=frozenset(raw.get("values") or ()),
        same=_links(raw.get("same", ()), f"{at}.same"),
        before=_span(f"{at}.before", raw["before"], parameters) if "before" in raw else 0.0,
    )


def _keys(at: str, raw: Any, expected: set[str]) -> None:
    if not isinstance(raw, Mapping):
        raise ValueError(f"{at}: expected a mapping")
    if unknown := sorted(set(raw) - expected):
        raise ValueError(f"{at}: unknown keys: {', '.join(unknown)}; expected {', '.join(sorted(expected))}")


def _any(at: str, name: str, raw: Mapping[str, Any], parameters: Mapping[str, Any], known: Collection[str] | None) -> tuple[str, ...]:
    if not isinstance(raw.get("any"), list) or not raw["any"]:
        raise ValueError(f"{at}: expected a list of detectors and conditions")
    names = []
    for n, one in enumerate(raw["any"]):
        if isinstance(one, Mapping):
            try:
                names.append(conditions.read(f"{name}.{n}", one, parameters).name)
            except ValueError as error:
                raise ValueError(f"{at}[{n}]: {error}") from None
        elif known is not None and str(one).removesuffix(FOUND) not in known:
            raise ValueError(f"{at}: there is no detector {one}")
        else:
            names.append(str(one))
    return tuple(names)


def _links(raw: Any, at: str) -> tuple[tuple[Link, ...], ...]:
    """Groups, of each of which one has to be shared: `session`, `[device, address]` (both), `session/device` (one of them); `any`: none."""
    groups = []
    for words in [raw] if isinstance(raw, str) else list(raw):
        links = str(words).split("/")
        if unknown := [link for link in links if link not in (*LINKS, "any")]:
            raise ValueError(f"{at}: expected any or some of {', '.join(LINKS)}, not {unknown[0]!r}")
        if "any" not in links:
            groups.append(tuple(link for link in LINKS if link in links))
    return tuple(groups)


def _span(at: str, raw: Any, parameters: Mapping[str, Any]) -> float:
    """Seconds of `90m`, or of a parameter in hours."""
    if isinstance(raw, str) and raw in parameters:
        return float(parameters[raw]) * 3600.0
    found = _SPAN.match(str(raw))
    if found is None:
        raise ValueError(f"{at}: expected a time such as 30m or 2h, or the name of a parameter in hours, not {raw!r}")
    return float(found[1]) * _UNITS[found[2]]
