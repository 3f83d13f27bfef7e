"""Four severities, in order."""

from typing import Literal

Severity = Literal["info", "notice", "warning", "critical"]
SEVERITIES: tuple[Severity, ...] = ("info", "notice", "warning", "critical")
RANK: dict[str, int] = {name: rank for rank, name in enumerate(SEVERITIES)}


def gravest(severities: list[Severity]) -> Severity:
    """The highest of a non-empty list."""
    return max(severities, key=RANK.__getitem__)
