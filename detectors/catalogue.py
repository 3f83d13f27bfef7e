"""The catalogue of detectors, for people and for machines."""

from __future__ import annotations

import sys
from typing import Any

import msgspec

from detectors.registry import Registry


def list_rows(registry: Registry) -> list[dict[str, Any]]:
    """One row a detector or story: id, family, version, severity, threshold (None for a story), enabled, description, why, parameters,
    taxonomy, cases (how many), config_hash."""
    return [
        {
            "id": entry.id,
            "family": entry.family,
            "version": entry.version,
            "severity": entry.severity,
            "threshold": entry.threshold if entry.detector is not None else None,
            "enabled": entry.enabled,
            "description": entry.description,
            "why": list(entry.why),
            "parameters": entry.parameters,
            "taxonomy": list(entry.taxonomy),
            "cases": len(entry.cases),
            "config_hash": entry.config_hash,
        }
        for entry in registry.entries.values()
    ]


def print_catalogue(registry: Registry, *, as_json: bool = False) -> None:
    """To standard output: a table, or one JSON document."""
    rows = list_rows(registry)
    if as_json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(rows)).decode() + "\n")
        return
    head = ("id", "family", "severity", "threshold", "on", "cases")
    table = [head]
    for row in rows:
        threshold = "-" if row["threshold"] is None else f"{row['threshold']:g}"
        table.append((row["id"], row["family"], row["severity"], threshold, "on" if row["enabled"] else "off", str(row["cases"])))
    widths = [max(len(line[column]) for line in table) for column in range(len(head))]
    for line in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
