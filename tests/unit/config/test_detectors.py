"""config/detectors.yaml: read, refused with reasons, taken anew while running."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from config.detectors import FILE, DetectorConfigError, apply, changes, read
from detectors.registry import Registry
from tests.support.background import PATIENCE
from tests.support.registry import loaded


@pytest.fixture(scope="module")
def registry() -> Registry:
    """As the .yml files say."""
    return loaded()


def test_the_file_that_comes_along_changes_nothing(registry: Registry) -> None:
    """It shows how, in comments."""
    assert FILE.exists()
    assert apply(registry).config_hash == registry.config_hash


def test_the_example_in_its_comments_is_right(registry: Registry, tmp_path: Path) -> None:
    """Uncommented it is taken, and is what is in effect anyway."""
    lines = [
        line.removeprefix("# ") for line in FILE.read_text().splitlines() if line.startswith(("# detectors:", "# alert_budget:", "#   "))
    ]
    file = tmp_path / "detectors.yaml"
    file.write_text("\n".join(lines))

    assert read(file)
    assert apply(registry, file).budgets == {"login": 8.0, "transfer": 10.0}
    assert apply(registry, file).entries["login_new_device"].threshold == registry.entries["login_new_device"].threshold


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("detectors: {margin_low: {threshold: 7}}", "detectors.yaml: detectors.margin_low.threshold: expected a number above 0 and"),
        ("detector: {}", "detectors.yaml: detector: there is no such setting; expected detectors or alert_budget"),
        ("- 1", "expected a mapping with the keys `detectors` and `alert_budget`"),
        ("detectors: [1]", "detectors.yaml: detectors: expected a mapping of detector ids"),
        ("detectors: {", "not YAML"),
        ("alert_budget: {logins: 3}", "detectors.yaml: alert_budget.logins: there is no such family; expected some of login, transfer"),
        ("alert_budget: {login: 0}", "detectors.yaml: alert_budget.login: expected notices per 1,000 active users a day, above 0, not 0"),
        ("alert_budget: {account: 3}", "detectors.yaml: alert_budget.account: security changes are always told"),
        ("alert_budget: {stories: 3}", "detectors.yaml: alert_budget.stories: stories are always told"),
        ("alert_budget: 3", "detectors.yaml: alert_budget: expected a mapping of families"),
    ],
)
def test_a_mistake_names_the_file_the_path_and_what_was_expected(registry: Registry, tmp_path: Path, text: str, told: str) -> None:
    """So that it can be mended without the code."""
    file = tmp_path / "detectors.yaml"
    file.write_text(text)

    with pytest.raises(DetectorConfigError) as refused:
        apply(registry, file)

    assert told in str(refused.value)


def test_a_file_that_was_named_must_exist(registry: Registry, tmp_path: Path) -> None:
    """A typo in a path isn't a configuration without changes."""
    with pytest.raises(DetectorConfigError, match="there is no such file"):
        apply(registry, tmp_path / "detectors.yml")


@pytest.mark.parametrize("empty", ["", "# nothing\n", "detectors:\n", "detectors: {}\n"])
def test_an_empty_file_changes_nothing(registry: Registry, tmp_path: Path, empty: str) -> None:
    """Comments alone, or a head without a body."""
    file = tmp_path / "detectors.yaml"
    file.write_text(empty)

    assert apply(registry, file).config_hash == registry.config_hash


def test_a_change_is_taken_while_running_and_a_mistake_is_not(registry: Registry, tmp_path: Path) -> None:
    """Replaced as editors do it: a good file, a bad one, a good one."""
    file = tmp_path / "detectors.yaml"
    file.write_text("detectors: {}")
    stop, arrived = threading.Event(), threading.Condition()
    taken: list[float] = []
    refused: list[str] = []

    def refuse(error: DetectorConfigError) -> None:
        with arrived:
            refused.append(str(error))
            arrived.notify()

    def watch() -> None:
        for changed in changes(registry, file, stop=stop, refused=refuse):
            with arrived:
                taken.append(changed.entries["login_new_device"].threshold)
                arrived.notify()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        with arrived:
            # Until the watch stands a change may go unseen, so the first one is written anew until it is taken.
            for written in range(100):
                _replace(file, f"detectors: {{login_new_device: {{threshold: 0.7}}}} # {written}")
                if arrived.wait(0.3):
                    break
            _replace(file, "detectors: {login_new_device: {threshold: 7}}")
            assert arrived.wait_for(lambda: refused, PATIENCE)
            _replace(file, "detectors: {login_new_device: {threshold: 0.8}}")
            assert arrived.wait_for(lambda: 0.8 in taken, PATIENCE)
    finally:
        stop.set()
        watcher.join(PATIENCE)

    assert set(taken) == {0.7, 0.8}
    assert "detectors.login_new_device.threshold" in refused[0]


def _replace(file: Path, text: str) -> None:
    new = file.with_suffix(".new")
    new.write_text(text)
    os.replace(new, file)
