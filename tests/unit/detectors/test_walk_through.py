"""The detector that docs/detectors.md writes is one, as it stands there."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

import detectors.transfer
from detectors.cases import run
from detectors.registry import FAMILIES, ROOT, Registry

pytestmark = pytest.mark.slow  # reads all detectors anew
PAGE = (Path(__file__).parents[3] / "docs" / "detectors.md").read_text(encoding="utf-8")
FILES = re.findall(r"^```\w+\n# detectors/transfer/(\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    """All detectors, and that one put down among them as a reader would."""
    for family in (*FAMILIES, "stories"):
        (tmp_path / family).mkdir()
        for path in (ROOT / family).glob("*.yml"):
            (tmp_path / family / path.name).symlink_to(path)
    for name, text in FILES:
        (tmp_path / "transfer" / name).write_text(text)
    monkeypatch.setattr(detectors.transfer, "__path__", [*detectors.transfer.__path__, str(tmp_path / "transfer")])
    registry = Registry.load(tmp_path)
    for name, _ in FILES:
        sys.modules.pop(f"detectors.transfer.{Path(name).stem}", None)
    return registry


def test_its_cases_are_as_they_should_be(written: Registry) -> None:
    """All three of them, by the id that the page calls it by."""
    results = run(written, ["withdrawal_whole_balance"])

    assert len(results) == 3
    assert [result.problem for result in results] == [None] * 3
    assert "detectors test withdrawal_whole_balance" in PAGE
