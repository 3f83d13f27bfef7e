"""config/notices.yaml: the rules of policy, checked when they are read."""

from __future__ import annotations

from pathlib import Path

import msgspec
import yaml

from config.settings import ROOT, SettingsError
from domain.policy_rules import Rules

FILE = ROOT / "notices.yaml"


def load(file: Path | None = None) -> Rules:
    """The rules in `file` (default: config/notices.yaml). Raises SettingsError with the path of the mistake and what was expected."""
    path = file or FILE
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: can't be read: {getattr(error, 'strerror', None) or error}") from None
    except yaml.YAMLError as error:
        raise SettingsError(f"{path}: not YAML: {' '.join(str(error).split())}") from None
    try:
        rules = msgspec.convert(values or {}, Rules)
    except msgspec.ValidationError as error:
        raise SettingsError(f"{path.name}: {error}") from None
    missing = {"info", "notice", "warning", "critical"} - set(rules.severities)
    if missing:
        raise SettingsError(f"{path.name}: severities: expected all four, missing {', '.join(sorted(missing))}")
    return rules
