"""The detectors that there are: pairs `FAMILY/NAME.py` + `FAMILY/NAME.yml` with id `FAMILY_NAME` (or the `id` it names), and the stories.

`Registry.load()` reads what the files say; `configured()` lays an operator's changes over it.
"""

from __future__ import annotations

import hashlib
import importlib
import inspect
import json
import math
import traceback
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, get_args

import msgspec
import yaml

from detectors import budget, storybook
from detectors.base import Detector
from detectors.story import FOUND, Story
from domain.facts import FEATURES
from domain.severity import SEVERITIES, Severity

ROOT = Path(__file__).parent
FAMILIES = ("login", "transfer", "trading", "account", "margin", "service", "campaign")
KEYS = {"id", "audience", "version", "severity", "threshold", "description", "why", "parameters", "taxonomy", "cases"}
CASE_KEYS = {"name", "fires", "warming_up", "history", "event", "expect", "partition", "places", "crowd", "lists", "arrival"}
"""What they mean is at the top of detectors/cases.py."""
STORY_KEYS = KEYS - {"threshold"} | storybook.KEYS

Audience = Literal["user", "team"]

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""In C where there is one: ten times as fast."""


class RegistryError(ValueError):
    """A pair is not as it should be, or a configuration is wrong; the text names the place and what was expected."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One detector or story, as it is in effect."""

    id: str
    family: str
    version: str
    severity: Severity
    threshold: float
    description: str
    why: tuple[str, ...]
    parameters: dict[str, Any]
    taxonomy: tuple[str, ...]
    cases: tuple[dict[str, Any], ...]
    detector: Detector | None
    """None for a story."""
    story: Story | None = None
    enabled: bool = True
    fixed_severity: bool = False
    """The operator set the severity: it holds whatever the detector says."""
    config_hash: str = ""
    audience: Audience = "user"
    """Whom its findings are for: `user`, or the security `team` alone."""
    path: str = ""
    """Of the .yml, relative to detectors/."""


class Registry:
    """Entries by id, in a fixed order."""

    def __init__(self, entries: Mapping[str, Entry], budgets: Mapping[str, float] | None = None):
        self.entries = dict(entries)
        self.budgets = dict(budgets or {})
        """Family -> what it may tell: notices per 1,000 active users and day (detectors.budget). No family, no limit."""

    @classmethod
    def load(cls, root: Path = ROOT) -> Registry:
        """Every pair below `root`. Raises RegistryError."""
        entries: dict[str, Entry] = {}
        for family in FAMILIES:
            for path in sorted((root / family).glob("*.yml")):
                _add(_entry(path, family), path, entries)
        for path in sorted((root / "stories").glob("*.yml")):
            _add(_story(path, entries), path, entries)
        return cls(entries)

    def configured(self, overrides: Mapping[str, Any], budgets: Any = None) -> Registry:
        """With an operator's changes: id -> enabled, threshold, severity, parameters; alert budgets by family. Raises RegistryError, one
        line a mistake."""
        mistakes: list[str] = []
        allowed = budget.checked(budgets, FAMILIES, mistakes)
        changed = dict(self.entries)
        for name, wanted in overrides.items():
            if name not in self.entries:
                mistakes.append(f"detectors.{name}: there is no such detector; expected one of {', '.join(self.entries)}")
            elif not isinstance(wanted, Mapping):
                mistakes.append(f"detectors.{name}: expected a mapping of enabled, threshold, severity, parameters")
            else:
                changed[str(name)] = _overridden(self.entries[name], wanted, mistakes)
        if mistakes:
            raise RegistryError("\n".join(mistakes))
        return Registry(changed, allowed)

    def only(self, name: str) -> Registry:
        """The same with all others switched off; they go on learning. With a story those stay on that count for it where they fire."""
        told = self.entries[name].story
        named = {one for step in (*told.steps, *told.unless) for one in step.any} if told else set()
        firing = {e.id for e in self.detectors if e.id + FOUND in named or (e.id in named and _wordless(e.detector))}
        return Registry({id_: msgspec.structs.replace(e, enabled=id_ == name or id_ in firing) for id_, e in self.entries.items()})

    @cached_property
    def detectors(self) -> tuple[Entry, ...]:
        """Entries that are detectors."""
        return tuple(entry for entry in self.entries.values() if entry.detector is not None)

    @cached_property
    def stories(self) -> tuple[Entry, ...]:
        """Entries that are stories."""
        return tuple(entry for entry in self.entries.values() if entry.story is not None)

    @cached_property
    def config_hash(self) -> str:
        """Of everything in effect, 16 hex digits."""
        hashes: list[Any] = [entry.config_hash for entry in self.entries.values()]
        return _digest([*hashes, self.budgets] if self.budgets else hashes)


def _wordless(detector: Detector | None) -> bool:
    """Whether it has no word of its own for stories."""
    return detector is not None and type(detector).step_one is Detector.step_one


def _add(entry: Entry, path: Path, entries: dict[str, Entry]) -> None:
    if entry.id in entries:
        raise RegistryError(f"{path}: id: {entry.id} is that of {entries[entry.id].path} already")
    entries[entry.id] = entry


def _module(path: Path, family: str) -> ModuleType:
    """The module beside a .yml. Raises RegistryError that names the line where it can't be loaded."""
    name = f"detectors.{family}.{path.stem}"
    try:
        return importlib.import_module(name)
    except SyntaxError as error:
        raise RegistryError(f"{error.filename}:{error.lineno}: {error.msg}") from None
    except Exception as error:
        if isinstance(error, ModuleNotFoundError) and error.name == name:
            raise RegistryError(f"{path}: there is no {path.stem}.py beside it") from None
        place = traceback.extract_tb(error.__traceback__)[-1]
        raise RegistryError(f"{place.filename}:{place.lineno}: {type(error).__name__}: {error}") from error


def _entry(path: Path, family: str) -> Entry:
    raw = _read(path, KEYS)
    module = _module(path, family)
    classes = [c for _, c in inspect.getmembers(module, inspect.isclass) if issubclass(c, Detector) and c.__module__ == module.__name__]
    if len(classes) != 1:
        raise RegistryError(f"{path}: the module beside it must hold exactly one Detector, it holds {len(classes)}")
    parameters = dict(raw.get("parameters") or {})
    entry = Entry(
        **_common(path, raw, family, parameters),
        threshold=_threshold(raw.get("threshold", 0.5), f"{path}: threshold"),
        detector=classes[0](**parameters),
    )
    return _sealed(entry)


def _story(path: Path, known: Mapping[str, Entry]) -> Entry:
    raw = _read(path, STORY_KEYS)
    parameters = dict(raw.get("parameters") or {})
    common = _common(path, raw, "stories", parameters)
    try:
        story = storybook.build(common["id"], raw, parameters, known)
    except ValueError as error:
        raise RegistryError(f"{path}: {error}") from None
    return _sealed(Entry(**common, threshold=0.0, detector=None, story=story))


def _common(path: Path, raw: Mapping[str, Any], family: str, parameters: dict[str, Any]) -> dict[str, Any]:
    severity = raw.get("severity")
    if severity not in SEVERITIES:
        raise RegistryError(f"{path}: severity: expected one of {', '.join(SEVERITIES)}, not {severity!r}")
    if raw.get("audience", "user") not in get_args(Audience):
        raise RegistryError(f"{path}: audience: expected user or team, not {raw['audience']!r}")
    why = tuple(raw.get("why") or ())
    unknown = [name for name in why if name not in FEATURES]
    if unknown:
        raise RegistryError(f"{path}: why: {', '.join(unknown)} not in domain.facts.FEATURES")
    return {
        "id": str(raw.get("id") or f"{family}_{path.stem}"),
        "family": family,
        "version": str(raw.get("version", "1")),
        "severity": severity,
        "description": " ".join(str(raw.get("description", "")).split()),
        "why": why,
        "parameters": parameters,
        "taxonomy": tuple(raw.get("taxonomy") or ()),
        "cases": tuple(raw.get("cases") or ()),
        "audience": raw.get("audience", "user"),
        "path": f"{path.parent.name}/{path.name}",
    }


def _check_cases(path: Path, cases: list[Any]) -> None:
    """A slip in the name of a key would make a case that proves nothing. Raises RegistryError."""
    for number, case in enumerate(cases, 1):
        at = f"{path}: case {number}"
        if not isinstance(case, dict):
            raise RegistryError(f"{at}: expected a mapping")
        if unknown := sorted(str(key) for key in set(case) - CASE_KEYS):
            raise RegistryError(f"{at}: unknown keys: {', '.join(unknown)}; expected {', '.join(sorted(CASE_KEYS))}")
        if not isinstance(case.get("name"), str) or not isinstance(case.get("fires"), bool) or not isinstance(case.get("event"), dict):
            raise RegistryError(f"{at}: expected a name, fires: true or false, and an event")


def _read(path: Path, keys: set[str]) -> dict[str, Any]:
    try:
        raw = yaml.load(path.read_text(encoding="utf-8"), _LOADER)  # noqa: S506 - one of the two safe ones
    except yaml.YAMLError as error:
        raise RegistryError(f"{path}: not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(raw, dict):
        raise RegistryError(f"{path}: expected a mapping")
    unknown = sorted(set(raw) - keys)
    if unknown:
        raise RegistryError(f"{path}: unknown keys: {', '.join(map(str, unknown))}; expected {', '.join(sorted(keys))}")
    for name, kind in (("why", list), ("taxonomy", list), ("cases", list), ("parameters", dict)):
        if not isinstance(raw.get(name) or kind(), kind):
            raise RegistryError(f"{path}: {name}: expected a {'list' if kind is list else 'mapping'}")
    _check_cases(path, raw.get("cases") or [])
    return raw


def _overridden(entry: Entry, wanted: Mapping[str, Any], mistakes: list[str]) -> Entry:
    """`entry` with the operator's values; what is wrong is added to `mistakes`."""
    at = f"detectors.{entry.id}"
    changes: dict[str, Any] = {}
    for key, value in wanted.items():
        if key == "enabled":
            if isinstance(value, bool):
                changes["enabled"] = value
            else:
                mistakes.append(f"{at}.enabled: expected true or false, not {value!r}")
        elif key == "severity":
            if value in SEVERITIES:
                changes.update(severity=value, fixed_severity=True)
            else:
                mistakes.append(f"{at}.severity: expected one of {', '.join(SEVERITIES)}, not {value!r}")
        elif key == "threshold" and entry.detector is not None:
            try:
                changes["threshold"] = _threshold(value, f"{at}.threshold")
            except RegistryError as error:
                mistakes.append(str(error))
        elif key == "parameters":
            changes.update(_parameters(entry, value, f"{at}.parameters", mistakes))
        else:
            mistakes.append(
                f"{at}.{key}: there is no such setting; expected enabled, severity, parameters{', threshold' if entry.detector else ''}"
            )
    return _sealed(msgspec.structs.replace(entry, **changes))


def _parameters(entry: Entry, wanted: Any, at: str, mistakes: list[str]) -> dict[str, Any]:
    if not isinstance(wanted, Mapping):
        mistakes.append(f"{at}: expected a mapping")
        return {}
    merged = dict(entry.parameters)
    for name, value in wanted.items():
        if name not in merged:
            mistakes.append(f"{at}.{name}: there is no such parameter; expected one of {', '.join(merged) or 'none'}")
        elif (expected := _mismatch(merged[name], value)) is not None:
            mistakes.append(f"{at}.{name}: expected {expected}, not {value!r}")
        else:
            merged[name] = value
    if entry.story is not None:
        try:
            return {"parameters": merged, "story": storybook.build(entry.id, entry.story.declared, merged)}
        except ValueError as error:
            mistakes.append(f"{at}: {error}")
            return {}
    assert entry.detector is not None
    return {"parameters": merged, "detector": type(entry.detector)(**merged)}


def _mismatch(default: Any, value: Any) -> str | None:
    """What was expected instead of `value`, by the kind of the default; None when it fits."""
    if isinstance(default, bool):
        return None if isinstance(value, bool) else "true or false"
    if isinstance(default, int | float):
        whole = isinstance(default, int)
        fits = isinstance(value, int if whole else int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0
        return None if fits else ("a whole number of at least 0" if whole else "a number of at least 0")
    if isinstance(default, list):
        kind = type(default[0]) if default else str
        return None if isinstance(value, list) and all(isinstance(item, kind) for item in value) else f"a list of {kind.__name__}"
    return None if isinstance(value, type(default)) else f"a {type(default).__name__}"


def _threshold(value: Any, at: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
        raise RegistryError(f"{at}: expected a number above 0 and at most 1, not {value!r}")
    return float(value)


def _sealed(entry: Entry) -> Entry:
    """With the hash of what is in effect."""
    effective = [entry.id, entry.version, entry.enabled, entry.severity, entry.fixed_severity, entry.threshold, entry.parameters]
    return msgspec.structs.replace(entry, config_hash=_digest(effective))


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()[:16]
