"""Mappings from an exchange's own records to Vigil's events."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from domain.decode import Rejected, decode
from domain.events import INPUT_TOPICS, STRUCTS, User
from domain.mapping import MappingError, MappingFile, TopicMapping, check

LOGIN = {
    "topic": "logins",
    "when": {"kind": ["signin", "sso"]},
    "fields": {
        "event_id": "id",
        "user_id": {"path": "account.uid", "as": "text"},
        "occurred_at": {"path": "ts", "as": "time", "unit": "milliseconds"},
        "outcome": {"path": "result", "values": {"OK": "success", "BAD_PASSWORD": "wrong_password"}},
        "client.ip": "net.ip",
        "client.device_id": "devices.0.id",
        "client.channel": {"value": "web"},
    },
}
RECORD = {
    "kind": "signin", "id": "e1", "account": {"uid": 7}, "ts": 1_795_341_600_120, "result": "OK", "net": {"ip": "203.0.113.7"},
    "devices": [{"id": "d1"}],
}  # fmt: skip
NOW = 1_795_341_601.0


def mapping(*files: dict[str, Any]) -> TopicMapping:
    made = [msgspec.convert(file, MappingFile) for file in files]
    for file in made:
        check(file)
    return TopicMapping(made)


def mapped(rule: Any, value: Any) -> Any:
    """What one rule makes of one value."""
    file = msgspec.convert({"topic": "transfers", "fields": {"user_id": "u", "amount": rule}}, MappingFile)
    out = TopicMapping([file])(json.dumps({"u": "u1", "v": value}).encode())
    assert out is not None
    return json.loads(out).get("amount")


def test_a_foreign_record_becomes_an_event_that_the_decoder_takes() -> None:
    """Renamed, nested, converted, translated; the type is added."""
    event = decode("logins", b"7", mapping(LOGIN)(json.dumps(RECORD).encode()), NOW)

    assert (event.event_id, event.user_id, event.occurred_at.isoformat()) == ("e1", "7", "2026-11-22T10:00:00.120000+00:00")
    assert (event.outcome, event.client.ip, event.client.device_id, event.client.channel) == ("success", "203.0.113.7", "d1", "web")


def test_a_record_that_no_mapping_is_for_is_passed_by() -> None:
    """The exchange's topic may hold more than sign-ins."""
    assert mapping(LOGIN)(json.dumps({**RECORD, "kind": "heartbeat"}).encode()) is None


def test_the_first_mapping_whose_condition_fits_is_taken() -> None:
    """Two shapes on one topic have a file each."""
    rest = {"occurred_at": "at", "outcome": {"value": "success"}}
    other = {"topic": "logins", "fields": {"user_id": "u", "event_id": {"value": "from the second"}} | rest}
    both = mapping(LOGIN, other)

    assert json.loads(both(json.dumps(RECORD).encode()) or b"")["event_id"] == "e1"
    assert json.loads(both(json.dumps({"kind": "x", "u": "u1"}).encode()) or b"")["event_id"] == "from the second"


def test_a_word_that_the_mapping_does_not_know_is_refused_by_the_name_of_the_field() -> None:
    """Without a default nothing is guessed."""
    with pytest.raises(Rejected) as refused:
        mapping(LOGIN)(json.dumps({**RECORD, "result": "LOCKED"}).encode())

    assert refused.value.field == "outcome"


@pytest.mark.parametrize(
    ("rule", "value", "expected"),
    [
        ({"path": "v", "as": "money"}, 0.1, "0.1"),
        ({"path": "v", "as": "money"}, "1e3", "1000"),
        ({"path": "v", "as": "money", "scale": "0.00000001"}, 123456789, "1.23456789"),
        ({"path": "v", "as": "money", "scale": "0.00000001"}, 300000000, "3"),
        ({"path": "v", "as": "text"}, 12, "12"),
        ({"path": "v", "as": "flag"}, "Yes", True),
        ({"path": "v", "as": "time", "unit": "seconds"}, 1_795_341_600.5, "2026-11-22T10:00:00.500000+00:00"),
        ({"path": "v", "as": "time", "zone": "UTC"}, "2026-11-22 10:00:00", "2026-11-22T10:00:00+00:00"),
        ({"path": "v", "as": "time"}, "2026-11-22T10:00:00+08:00", "2026-11-22T10:00:00+08:00"),
        ({"path": "w", "default": "nothing there"}, 1, "nothing there"),
        ("w.x", 1, None),
    ],
)
def test_what_a_rule_makes_of_a_value(rule: Any, value: Any, expected: Any) -> None:
    """Money stays exact, numbers become times, what is absent stays absent."""
    assert mapped(rule, value) == expected


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        ({"path": "v", "as": "money"}, "NaN"),
        ({"path": "v", "as": "money"}, True),
        ({"path": "v", "as": "money"}, "a lot"),
        ({"path": "v", "as": "time"}, "2026-11-22 10:00:00"),
        ({"path": "v", "as": "time", "unit": "seconds"}, 1e30),
        ({"path": "v", "as": "flag"}, "perhaps"),
    ],
)
def test_a_value_that_cannot_be_converted_is_refused(rule: Any, value: Any) -> None:
    """By the name of Vigil's field."""
    with pytest.raises(Rejected) as refused:
        mapped(rule, value)

    assert refused.value.field == "amount"


@pytest.mark.parametrize("value", [b"\xff", b"[]", b"{", b"[" * 5000, b'{"a":1} x'])
def test_what_is_not_one_object_is_left_to_the_decoder(value: bytes) -> None:
    """It says in words what is wrong."""
    assert mapping(LOGIN)(value) == value


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"topic": "signins"}, "topic"),
        ({"fields": {"event_id": "id", "occurred_at": "at", "outcome": "o"}}, "fields: user_id is missing"),
        ({"fields": {name: rule for name, rule in LOGIN["fields"].items() if name != "outcome"}}, "fields: outcome is missing"),
        ({"fields": {"user_id": "u", "outcom": "o"}}, "fields.outcom: there is no field 'outcom'; expected one of client, event_id"),
        (
            {"fields": {"user_id": "u", "client.adress": "a"}},
            "fields.client.adress: there is no field 'adress'; expected one of api_key_id",
        ),
        ({"fields": {"user_id": {"path": "a", "value": "b"}}}, "fields.user_id"),
        ({"fields": {"user_id": "u", "occurred_at": {"path": "t", "as": "time", "unit": "days"}}}, "fields.occurred_at.unit"),
        ({"fields": {"user_id": "u", "mfa": {"path": "t", "as": "money", "scale": "ten"}}}, "fields.mfa.scale"),
        ({"fields": {"user_id": "u", "client": "c", "client.ip": "ip"}}, "fields.client"),
        ({"fields": {"user_id": {"pth": "a"}}}, "pth"),
    ],
)
def test_a_mapping_that_could_not_work_is_refused_with_its_place(changed: dict[str, Any], said: str) -> None:
    """Before the first record, not at it."""
    with pytest.raises((MappingError, msgspec.ValidationError), match=said):
        mapping({**LOGIN, **changed})


@pytest.mark.parametrize("topic", INPUT_TOPICS)
def test_every_field_of_an_event_can_be_named(topic: str) -> None:
    """What is nested too, and by what it is called on the wire."""
    shape = STRUCTS.get(topic, User)
    check(msgspec.convert({"topic": topic, "fields": {field.encode_name: "x" for field in msgspec.structs.fields(shape)}}, MappingFile))


def test_what_is_within_a_field_can_be_named() -> None:
    """`from` of quiet hours, a language of a title."""
    fields = {"user_id": "u", "preferences.quiet_hours.from": "q", "protection.mfa": "m"}
    check(msgspec.convert({"topic": "users", "fields": fields}, MappingFile))
