"""docs/detectors/ says what the detectors' files say."""

from __future__ import annotations

import pytest

from detectors.pages import FOLDER, documents
from tests.support.registry import loaded

PAGES = documents(loaded())


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_fresh(name: str) -> None:
    """Each is what the .yml files give now; `make docs` writes them."""
    assert (FOLDER / name).read_text(encoding="utf-8") == PAGES[name], f"docs/detectors/{name} is stale: run `make docs`"


def test_there_is_no_page_of_a_family_that_is_gone() -> None:
    """`make docs` removes those."""
    assert {path.name for path in FOLDER.iterdir()} == set(PAGES)


def test_every_detector_has_its_place() -> None:
    """In the list of all, and a section with its parameters and cases."""
    for entry in loaded().entries.values():
        page = PAGES[f"{entry.family}.md"]
        section = page[page.index(f"## {entry.id}\n") :]

        assert f"[`{entry.id}`]({entry.family}.md#{entry.id})" in PAGES["README.md"]
        assert all(f"`{name}`" in section for name in entry.parameters)
        assert all(str(case["name"]) in section for case in entry.cases)
