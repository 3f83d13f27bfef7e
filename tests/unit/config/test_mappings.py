"""Mapping files of a folder."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from config.mappings import load
from domain.mapping import MappingError

GOOD = "topic: logins\nfields: {user_id: uid, event_id: id, occurred_at: at, outcome: result}\n"


def test_a_folder_without_files_maps_nothing(tmp_path: Path) -> None:
    """Vigil's own shapes need no file."""
    assert load(tmp_path) == {}


def test_files_are_gathered_by_topic(tmp_path: Path) -> None:
    """Two shapes of one topic, one of another."""
    (tmp_path / "a.yaml").write_text(GOOD)
    (tmp_path / "b.yaml").write_text(GOOD)
    (tmp_path / "c.yaml").write_text("topic: users\nfields: {user_id: uid}\n")

    assert set(load(tmp_path)) == {"logins", "users"}


@pytest.mark.parametrize(
    "text", ["topic: [", "topic: logins\nfields: {user_id: uid}\nwhere: {}\n", "topic: nowhere\nfields: {user_id: u}\n", "- 1\n"]
)
def test_a_file_with_a_mistake_is_named(tmp_path: Path, text: str) -> None:
    """The start ends with it."""
    (tmp_path / "mine.yaml").write_text(text)

    with pytest.raises(MappingError, match=r"mine\.yaml"):
        load(tmp_path)


def test_the_file_that_the_documentation_shows_is_one(tmp_path: Path) -> None:
    """docs/mappings.md, as it stands there."""
    page = (Path(__file__).parents[3] / "docs" / "mappings.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```yaml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    (tmp_path / "logins.yaml").write_text(example)

    record = b'{"kind": "sso", "id": "e1", "account": {"uid": 7}, "ts": 1795341600000, "result": "BAD_OTP", "net": {"ip": "203.0.113.7"}}'
    made = json.loads(load(tmp_path)["logins"](record) or b"")

    assert (made["user_id"], made["outcome"], made["client"]["channel"]) == ("7", "wrong_mfa", "web")
