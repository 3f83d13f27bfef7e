"""doctor looks at the files that a worker reads at its start."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from config import detectors, notices
from config.settings import Settings
from streams import doctor

pytestmark = pytest.mark.slow  # reads all detectors anew


def said(folder: Path) -> doctor.Line:
    """The line about them."""
    settings = Settings(mappings_dir=folder)
    return asyncio.run(doctor._guarded("files", doctor._files, settings))


def test_the_files_that_come_along_can_be_taken(tmp_path: Path) -> None:
    """And a mapping of one's own is named by its topic."""
    (tmp_path / "mine.yaml").write_text("topic: users\nfields: {user_id: uid}\n")

    assert said(tmp_path) == ("files", "ok", "detectors.yaml, notices.yaml and mappings can be taken; records of users are mapped")


@pytest.mark.parametrize(
    ("module", "text", "expected"),
    [
        (
            detectors,
            "detectors: {login_new_device: {treshold: 1}}\n",
            "mine.yaml: detectors.login_new_device.treshold: there is no such setting",
        ),
        (notices, "throttle: {emails: many}\n", "mine.yaml: Expected `int`, got `str` - at `$.throttle.emails`"),
    ],
)
def test_a_mistake_is_told_before_a_worker_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: object, text: str, expected: str
) -> None:
    """With its path."""
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    monkeypatch.setattr(module, "FILE", file)

    line = said(tmp_path / "none")

    assert line.state == "FAIL"
    assert line.words.startswith(expected)
