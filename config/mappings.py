"""config/mappings/*.yaml: how an exchange's own records become Vigil's events (docs/mappings.md)."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import msgspec
import yaml

from domain.mapping import MappingError, MappingFile, TopicMapping, check


def load(folder: Path) -> dict[str, TopicMapping]:
    """By input topic; {} where there are no files. Files of one topic are tried in the order of their names. Raises MappingError with the
    file and the place in it."""
    found: dict[str, list[MappingFile]] = defaultdict(list)
    for path in sorted(folder.glob("*.yaml")):
        file = _read(path)
        found[file.topic].append(file)
    return {topic: TopicMapping(files) for topic, files in found.items()}


def _read(path: Path) -> MappingFile:
    try:
        file = msgspec.convert(yaml.safe_load(path.read_text(encoding="utf-8")), MappingFile)
        check(file)
    except (OSError, UnicodeDecodeError) as error:
        raise MappingError(f"{path}: can't be read: {error}") from None
    except yaml.YAMLError as error:
        raise MappingError(f"{path}: not YAML: {' '.join(str(error).split())}") from None
    except (msgspec.ValidationError, MappingError) as error:
        raise MappingError(f"{path}: {error}") from None
    return file
