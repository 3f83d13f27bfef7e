"""docs/schemas/, written from the event structs."""

from __future__ import annotations

from pathlib import Path

from domain.schemas import documents


def write_schemas(root: Path, *, release: bool) -> None:
    """`schemas`: JSON Schema and AsyncAPI; says which files were written. `release`: also what later changes must stay compatible with."""
    folder = root / "docs" / "schemas"
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in documents(release=release).items():
        (folder / name).write_text(text, encoding="utf-8")
        print(f"docs/schemas/{name}")
