"""Pairs of .py and .yml, and what an operator may change about them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from detectors.catalogue import list_rows
from detectors.registry import Registry, RegistryError

EXPECTED = {
    "login_new_device",
    "login_new_browser",
    "login_new_country",
    "login_impossible_travel",
    "login_after_failures",
    "withdrawal_large",
    "withdrawal_new_address",
    "withdrawal_lookalike_address",
    "withdrawal_rapid_drain",
    "security_setting_changed",
    "trade_burst",
    "margin_low",
    "account_takeover",
}


def _set(detector: str, **parameters: object) -> dict[str, object]:
    return {detector: {"parameters": parameters}}


def test_all_of_them_are_there(registry: Registry) -> None:
    """By the ids that people rely on."""
    assert set(registry.entries) >= EXPECTED
    assert {row["id"] for row in list_rows(registry)} == set(registry.entries)


def test_hashes_tell_configurations_apart(registry: Registry) -> None:
    """Sixteen hex digits of what is in effect; the same again for the same."""
    again = Registry.load()
    assert [e.config_hash for e in again.entries.values()] == [e.config_hash for e in registry.entries.values()]
    assert again.config_hash == registry.config_hash
    assert all(len(e.config_hash) == 16 and int(e.config_hash, 16) >= 0 for e in registry.entries.values())

    seen = {registry.entries["login_new_device"].config_hash}
    for change in ({"enabled": False}, {"threshold": 0.6}, {"severity": "info"}, {"parameters": {"minimum_logins": 4}}):
        changed = registry.configured({"login_new_device": change})
        seen.add(changed.entries["login_new_device"].config_hash)
        assert changed.config_hash != registry.config_hash
        assert changed.entries["login_new_country"].config_hash == registry.entries["login_new_country"].config_hash
    assert len(seen) == 5


def test_naming_the_default_changes_nothing(registry: Registry) -> None:
    """So a file that spells everything out gives the same hash."""
    entry = registry.entries["login_new_device"]
    same = registry.configured({"login_new_device": {"enabled": True, "threshold": entry.threshold, "parameters": entry.parameters}})
    assert same.entries["login_new_device"].config_hash == entry.config_hash


def test_parameters_reach_the_detector_and_leave_the_original(registry: Registry) -> None:
    """A configuration is a new registry."""
    changed = registry.configured(
        {"login_new_device": {"parameters": {"minimum_logins": 9}}, "account_takeover": {"parameters": {"window_hours": 6}}}
    )

    assert changed.entries["login_new_device"].detector.minimum_logins == 9  # type: ignore[union-attr]
    assert registry.entries["login_new_device"].detector.minimum_logins == 3  # type: ignore[union-attr]
    assert changed.entries["account_takeover"].story.window == 6 * 3600  # type: ignore[union-attr]
    assert registry.entries["account_takeover"].story.window == 24 * 3600  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("overrides", "path", "expected"),
    [
        ({"login_new_devise": {}}, "login_new_devise", "there is no such detector; expected one of "),
        ({"login_new_device": 3}, "login_new_device", "expected a mapping"),
        ({"login_new_device": {"treshold": 0.5}}, "login_new_device.treshold", "there is no such setting; expected enabled"),
        ({"login_new_device": {"enabled": "yes"}}, "login_new_device.enabled", "expected true or false, not 'yes'"),
        ({"margin_low": {"severity": "high"}}, "margin_low.severity", "expected one of info, notice, warning, critical, not 'high'"),
        ({"trade_burst": {"threshold": 0}}, "trade_burst.threshold", "expected a number above 0 and at most 1, not 0"),
        ({"trade_burst": {"threshold": "0.5"}}, "trade_burst.threshold", "expected a number above 0 and at most 1, not '0.5'"),
        ({"trade_burst": {"parameters": []}}, "trade_burst.parameters", "expected a mapping"),
        (_set("login_new_device", logins=3), "login_new_device.parameters.logins", "there is no such parameter; expected one of minimum_"),
        (
            _set("login_new_device", minimum_logins=2.5),
            "login_new_device.parameters.minimum_logins",
            "expected a whole number of at least 0",
        ),
        (
            _set("login_impossible_travel", maximum_kmh=-1),
            "login_impossible_travel.parameters.maximum_kmh",
            "expected a number of at least 0",
        ),
        (_set("security_setting_changed", changes="all"), "security_setting_changed.parameters.changes", "expected a list of str"),
        (_set("account_takeover", window_hours="day"), "account_takeover.parameters.window_hours", "expected a "),
        ({"account_takeover": {"threshold": 0.5}}, "account_takeover.threshold", "there is no such setting; expected enabled"),
    ],
)
def test_a_mistake_is_told_with_its_path_and_what_was_expected(
    registry: Registry, overrides: dict[str, object], path: str, expected: str
) -> None:
    """One line each."""
    with pytest.raises(RegistryError) as refused:
        registry.configured(overrides)

    assert str(refused.value).startswith(f"detectors.{path}: {expected}")


def test_all_mistakes_are_told_at_once(registry: Registry) -> None:
    """Nobody mends a file one error at a time."""
    with pytest.raises(RegistryError) as refused:
        registry.configured({"nope": {}, "login_new_device": {"enabled": 1, "threshold": 2}})

    assert len(str(refused.value).splitlines()) == 3


@pytest.mark.parametrize(
    ("yml", "told"),
    [
        ("severity: high", "severity: expected one of info"),
        ("severity: info\nwhy: [no_such_feature]", "why: no_such_feature not in domain.facts.FEATURES"),
        ("severity: info\nwy: []", "unknown keys: wy"),
        ("[1]", "expected a mapping"),
        ("severity: info\nthreshold: 2", "threshold: expected a number above 0"),
        ("severity: [", "not YAML"),
        ("severity: info\nparameters: [1]", "parameters: expected a mapping"),
        ("severity: info\ncases: 3", "cases: expected a list"),
        ("severity: info\ncases: [{name: a, fires: true, evnt: {}}]", "case 1: unknown keys: evnt; expected "),
        ("severity: info\ncases: [{name: a, fires: maybe, event: {}}]", "case 1: expected a name, fires: true or false, and an event"),
    ],
)
def test_a_pair_that_is_not_as_it_should_be_is_named(tmp_path: Path, yml: str, told: str) -> None:
    """With the file."""
    (tmp_path / "login").mkdir()
    (tmp_path / "login" / "new_device.yml").write_text(yml)

    with pytest.raises(RegistryError) as refused:
        Registry.load(tmp_path)

    assert "new_device.yml" in str(refused.value)
    assert told in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


def test_two_files_with_one_id_are_refused(tmp_path: Path) -> None:
    """Else the later one would take the earlier one's place unseen."""
    (tmp_path / "login").mkdir()
    for name in ("new_country", "new_device"):
        (tmp_path / "login" / f"{name}.yml").write_text("id: login_new\nseverity: info\n")

    with pytest.raises(RegistryError, match=r"new_device\.yml: id: login_new is that of login/new_country\.yml already"):
        Registry.load(tmp_path)


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (None, r"made_up\.yml: there is no made_up\.py beside it"),
        ("import os\ndef (", r"made_up\.py:2: invalid syntax"),
        ("from detectors.gates import NOTHING", r"made_up\.py:1: ImportError: cannot import name 'NOTHING'"),
        ("\n\nx = y", r"made_up\.py:3: NameError: name 'y' is not defined"),
        ("class None_: ...", r"made_up\.yml: the module beside it must hold exactly one Detector, it holds 0"),
    ],
)
def test_a_module_that_can_not_be_loaded_is_named_with_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str | None, told: str
) -> None:
    """In place of a trace through the loader."""
    (tmp_path / "login").mkdir()
    (tmp_path / "login" / "made_up.yml").write_text("severity: info\n")
    if code is not None:
        (tmp_path / "login" / "made_up.py").write_text(code)
    monkeypatch.setattr("detectors.login.__path__", [str(tmp_path / "login")])
    monkeypatch.delitem(sys.modules, "detectors.login.made_up", raising=False)

    with pytest.raises(RegistryError, match=told):
        Registry.load(tmp_path)
    sys.modules.pop("detectors.login.made_up", None)
