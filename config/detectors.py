"""config/detectors.yaml: what an operator changes about the detectors, taken anew while the worker runs.

What the names and values may be is said by the detectors themselves; whoever holds their catalogue is passed in.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar

import yaml
from watchfiles import watch

FILE = Path(__file__).parent / "detectors.yaml"


class DetectorConfigError(ValueError):
    """The file can't be taken; the text names each mistake with its path and what was expected."""


class Configurable(Protocol):
    """A catalogue that takes changes: detectors.registry.Registry."""

    def configured(self, overrides: Mapping[str, Any], budgets: Any = None) -> Any: ...


C = TypeVar("C", bound=Configurable)


SETTINGS = ("detectors", "alert_budget")


def read(path: Path | None = None) -> dict[str, Any]:
    """The `detectors:` mapping of a file, {} where there is no file. Raises DetectorConfigError."""
    overrides: dict[str, Any] = _whole(path).get("detectors") or {}
    return overrides


def _whole(path: Path | None = None) -> dict[str, Any]:
    file = path or FILE
    try:
        raw = yaml.safe_load(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if path is None:
            return {}
        raise DetectorConfigError(f"{file}: there is no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise DetectorConfigError(f"{file}: can't be read: {error}") from None
    except yaml.YAMLError as error:
        raise DetectorConfigError(f"{file}: not YAML: {' '.join(str(error).split())}") from None
    if raw is None:
        return {}
    if not isinstance(raw, dict):
        raise DetectorConfigError(f"{file}: expected a mapping with the keys {' and '.join(f'`{name}`' for name in SETTINGS)}")
    unknown = sorted(str(name) for name in raw if name not in SETTINGS)
    if unknown:
        expected = " or ".join(SETTINGS)
        raise DetectorConfigError("\n".join(f"{file.name}: {name}: there is no such setting; expected {expected}" for name in unknown))
    if not isinstance(raw.get("detectors") or {}, dict):
        raise DetectorConfigError(f"{file.name}: detectors: expected a mapping of detector ids")
    return raw


def apply(catalogue: C, path: Path | None = None) -> C:
    """The catalogue with the file's changes. Raises DetectorConfigError."""
    raw = _whole(path)
    try:
        changed: C = catalogue.configured(raw.get("detectors") or {}, raw.get("alert_budget"))
    except ValueError as error:
        name = (path or FILE).name
        raise DetectorConfigError("\n".join(f"{name}: {line}" for line in str(error).splitlines())) from None
    return changed


def changes(
    catalogue: C, path: Path | None = None, *, stop: threading.Event | None = None, refused: Callable[[DetectorConfigError], None]
) -> Iterator[C]:
    """Blocks, and yields the catalogue with the file's changes each time the file changes, until `stop` is set. A file with a mistake is
    given to `refused` and what was in effect stays so.

    The directory is watched, not the file: editors and config maps put a new file in the old one's place.
    """
    file = (path or FILE).resolve()
    last = _bytes(file)
    for _ in watch(file.parent, stop_event=stop, recursive=False, debounce=50, step=20, rust_timeout=500, yield_on_timeout=True):
        now = _bytes(file)
        if now == last:
            continue
        last = now
        try:
            yield apply(catalogue, file)
        except DetectorConfigError as error:
            refused(error)


def _bytes(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except OSError:
        return None
