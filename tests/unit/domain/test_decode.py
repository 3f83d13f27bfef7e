"""What is taken from a topic, and what is refused with the field and the reason."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.decode import MAX_BYTES, Rejected, decode, decode_user
from domain.events import STRUCTS, Transfer
from tests.unit.domain.examples import EXAMPLES, OPTIONAL

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC).timestamp()
EVENTS = sorted(STRUCTS)


def _bytes(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def _key(value: dict[str, Any]) -> bytes:
    return str(value["user_id"]).encode()


def _refused(topic: str, value: Any, key: bytes | None = b"u7") -> Rejected:
    with pytest.raises(Rejected) as caught:
        decode(topic, key, value if isinstance(value, bytes | None) else _bytes(value), NOW)
    return caught.value


@pytest.mark.parametrize("topic", EVENTS)
def test_the_documented_example_is_taken(topic):
    """Each example of the interface decodes to its topic's struct."""
    event = decode(topic, _key(EXAMPLES[topic]), _bytes(EXAMPLES[topic]), NOW)

    assert type(event) is STRUCTS[topic]
    assert event.event_id == "e1"


@pytest.mark.parametrize("topic", EVENTS)
def test_null_absent_and_unknown_fields_change_nothing(topic):
    """Optional fields may be null or absent, and what isn't known is ignored."""
    example = EXAMPLES[topic]
    optional = OPTIONAL[topic] | {"client"}
    absent = {k: v for k, v in example.items() if k not in optional}
    null = {k: None if k in optional else v for k, v in example.items()} | {"client": None, "brand_new": {"x": [1]}}

    assert decode(topic, _key(example), _bytes(absent), NOW) == decode(topic, _key(example), _bytes(null), NOW)


@pytest.mark.parametrize("topic", EVENTS)
def test_each_missing_required_field_is_named(topic):
    """Every field that isn't optional is required, and null counts as missing or mistyped."""
    example = EXAMPLES[topic]
    for field in set(example) - OPTIONAL[topic] - {"client"}:
        assert _refused(topic, {k: v for k, v in example.items() if k != field}, _key(example)).field == field
        assert _refused(topic, example | {field: None}, _key(example)).field == field


@pytest.mark.parametrize("topic", EVENTS)
def test_a_mistyped_field_is_named(topic):
    """An object where a scalar belongs, and the other way round."""
    example = EXAMPLES[topic]
    for field, value in example.items():
        wrong = 7 if isinstance(value, dict | list) else {"x": 1}
        refused = _refused(topic, example | {field: wrong}, _key(example))
        assert refused.field == field, (field, refused)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "empty"),
        (b"", "empty"),
        (b"\xff\xfe", "not UTF-8"),
        (b'{"type":"login","x":"\xff"}', "not UTF-8"),
        (b'{"type":"\xff\xfe"}', "not UTF-8"),
        (b"{", "not one JSON object"),
        (b"[1]", "object"),
        (b"3", "object"),
        (_bytes(EXAMPLES["logins"]) + b" {}", "not one JSON object"),
        (_bytes(EXAMPLES["logins"]) + b"x", "not one JSON object"),
        (b'{"a": NaN}', "not one JSON object"),
    ],
)
def test_what_is_not_one_json_object_is_refused(value, reason):
    """Empty, broken, or more than one."""
    assert reason in _refused("logins", value).reason


@pytest.mark.parametrize(
    "text", ["-1", "+1", "1e5", "NaN", "Infinity", "1,5", "", " 1", "1 ", "1.", ".5", "0x10", "１２", "1\n", "9" * 41, "0." + "1" * 41]
)
def test_money_that_is_no_plain_decimal_is_refused(text):
    """Negative, scientific, not finite, local digits, too long: never taken."""
    assert _refused("transfers", EXAMPLES["transfers"] | {"amount": text}).field == "amount"


@pytest.mark.parametrize("amount", [1250, 1250.0, True])
def test_money_as_a_number_is_refused(amount):
    """Money is a string: a float would round it."""
    assert _refused("transfers", EXAMPLES["transfers"] | {"amount": amount}).field == "amount"


@given(st.decimals(min_value=0, max_value=10**30, allow_nan=False, allow_infinity=False, places=18))
def test_any_plain_decimal_is_taken_exactly(amount):
    """What is written is what is kept, digit by digit."""
    text = f"{amount:f}"

    event = decode("transfers", b"u7", _bytes(EXAMPLES["transfers"] | {"amount": text}), NOW)

    assert isinstance(event, Transfer)
    assert event.amount == text


@pytest.mark.parametrize("at", ["2026-11-22T10:00:00", "yesterday", "", 1795341600, "2026-13-01T00:00:00Z"])
def test_a_time_without_offset_or_sense_is_refused(at):
    """RFC 3339 with offset, nothing else."""
    assert _refused("logins", EXAMPLES["logins"] | {"occurred_at": at}).field == "occurred_at"


def test_a_time_far_ahead_of_the_clock_is_refused():
    """Five minutes of clock skew are allowed, not more."""
    inside = EXAMPLES["logins"] | {"occurred_at": "2026-11-22T10:04:59Z"}
    outside = EXAMPLES["logins"] | {"occurred_at": "2026-11-22T10:05:01Z"}

    assert decode("logins", b"u7", _bytes(inside), NOW)
    assert _refused("logins", outside).field == "occurred_at"


@pytest.mark.parametrize("key", [None, b"", b"u8", b"U7"])
def test_a_key_that_is_not_the_user_id_is_refused(key):
    """Another worker owns that user."""
    assert _refused("logins", EXAMPLES["logins"], key).field == "key"


def test_a_type_of_another_topic_is_refused():
    """A trade has no business among the logins; nor has a type that nobody knows."""
    assert _refused("logins", EXAMPLES["trades"]).field == "type"
    assert _refused("logins", EXAMPLES["logins"] | {"type": "logon"}).field == "type"


def test_a_whole_event_of_another_type_is_told_by_its_type():
    """Not by the fields that its own type would miss."""
    assert _refused("logins", EXAMPLES["logins"] | {"type": "transfer"}).field == "type"


@pytest.mark.parametrize("depth", [500, 5_000, 100_000])
def test_deep_nesting_is_refused(depth):
    """A few kilobytes of brackets must not stop a partition."""
    deep = b'{"type":"service","event_id":"e1","user_id":"u7","occurred_at":"2026-11-22T10:00:00Z","subject":"api","problem":"stuck","x":'
    value = deep + b"[" * depth + b"]" * depth + b"}"

    if depth > 900:
        with pytest.raises(Rejected):
            decode("service-events", b"u7", value, NOW)
        with pytest.raises(Rejected):
            decode_user(b"u7", b'{"user_id":"u7","preferences":' + b"[" * depth + b"]" * depth + b"}")
    else:
        assert decode("service-events", b"u7", value, NOW)


def test_a_large_record_that_is_not_utf8_is_refused():
    """Whichever is looked at first."""
    assert "not UTF-8" in _refused("logins", b'{"x":"' + b"a" * 300_000 + b'\xff"}').reason


def test_a_number_that_is_none_is_told_by_its_field():
    """NaN and Infinity are no JSON, but whoever sent them should hear where."""
    text = _bytes(EXAMPLES["transfers"]).replace(b'"1250.00"', b"NaN")

    assert _refused("transfers", text).field == "amount"


def test_a_withdrawal_without_address_is_refused_and_a_deposit_is_not():
    """The address is what a withdrawal is judged by."""
    withdrawal = {k: v for k, v in EXAMPLES["transfers"].items() if k != "address"}

    assert _refused("transfers", withdrawal).field == "address"
    assert decode("transfers", b"u7", _bytes(withdrawal | {"direction": "deposit"}), NOW)


@pytest.mark.parametrize("user_id", ["", "x" * 129, "a\nb", "a\x00b", "a\n"])
def test_an_id_out_of_bounds_is_refused(user_id):
    """1 to 128 characters, none of them a control character."""
    assert _refused("logins", EXAMPLES["logins"] | {"user_id": user_id}, user_id.encode()).field == "user_id"


@pytest.mark.parametrize("field", ["memo", "user_id", "asset"])
def test_a_field_of_a_megabyte_is_refused_and_named(field):
    """One event must not fill a worker's memory."""
    assert _refused("transfers", EXAMPLES["transfers"] | {field: "x" * 1_000_000}).field == field
    assert MAX_BYTES < 1_000_000


@given(st.binary(max_size=300))
def test_no_bytes_break_the_decoder(value):
    """Whatever comes is taken or refused, never anything else."""
    with pytest.raises(Rejected):
        decode("logins", b"u7", value, NOW)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=10,
    )
)
def test_no_json_breaks_the_decoder(value):
    """Any value in any field is taken or refused."""
    for field in EXAMPLES["logins"]:
        try:
            decode("logins", b"u7", _bytes(EXAMPLES["logins"] | {field: value}), NOW)
        except (Rejected, UnicodeEncodeError):
            continue


def test_a_directory_record_keeps_what_is_good():
    """A bad value falls back for that field alone, and is named without its value."""
    user, bad = decode_user(b"u7", _bytes(EXAMPLES["users"] | {"tier": "gold", "phone": 5, "preferences": {"digest": "never"}}))

    assert bad == ["tier", "phone", "preferences.digest"]
    assert (user.locale, user.email, user.tier, user.phone) == ("zh-TW", "a@b.example", None, None)


def test_a_bad_preference_or_contact_falls_back_alone():
    """Who mistypes his digest keeps his quiet hours; one unreadable earlier contact doesn't hide the others."""
    old = {"kind": "email", "value": "old@b.example", "replaced_at": "2026-11-20T10:00:00Z"}
    wanted = {"channels": {"tip": ["inapp"]}, "quiet_hours": {"from": "22:00", "to": "08:00"}, "digest": "weekly"}
    record = EXAMPLES["users"] | {"preferences": wanted, "previous_contacts": [{"kind": "fax"}, old, None]}

    user, bad = decode_user(b"u7", _bytes(record))

    assert bad == ["previous_contacts", "preferences.digest"]
    assert user.preferences is not None
    assert (user.preferences.channels, user.preferences.digest) == ({"tip": ["inapp"]}, None)
    assert user.preferences.quiet_hours is not None
    assert [one.value for one in user.previous_contacts or ()] == ["old@b.example"]


@pytest.mark.parametrize("field", ["status", "missing_translation", "send_at", "expires_at", "announcement_id", "waves", "orders"])
def test_null_is_absent_where_a_field_has_a_default(field):
    """An announcement's status is `active` unless it says otherwise."""
    event = EXAMPLES["announcements"]

    assert decode("announcements", b"*", _bytes(event | {field: None}), NOW) == decode("announcements", b"*", _bytes(event), NOW)


def test_a_long_text_is_taken():
    """A device may call itself whatever it likes, ten thousand characters long: its user is told all the same."""
    event = decode("logins", b"u7", _bytes(EXAMPLES["logins"] | {"client": {"user_agent": "<b>" * 4_000, "device_id": "x" * 20_000}}), NOW)

    assert len(event.where.user_agent or "") == 12_000


@pytest.mark.parametrize(("value", "field"), [({}, "user_id"), ({"user_id": 5}, "user_id"), ({"user_id": "u8"}, "key")])
def test_a_directory_record_without_its_user_is_refused(value, field):
    """Only user_id is required, and the key has to be it."""
    with pytest.raises(Rejected) as caught:
        decode_user(b"u7", _bytes(value))
    assert caught.value.field == field
