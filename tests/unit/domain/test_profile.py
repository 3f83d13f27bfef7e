"""Profiles outlive the worker that wrote them: fields are appended, never moved."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from domain.events import Event
from domain.profile import VERSION, Pending, UserState, applied_key, decode, encode
from tests.support.events import habits_of_a_month

DATA = Path(__file__).parent / "data"


def arrays(state: UserState) -> Any:
    """The state as the plain arrays that are stored."""
    return msgspec.msgpack.decode(encode(state)[1:], strict=False)


def begins_with(new: Any, old: Any) -> bool:
    """Whether `new` is `old` with fields appended, at any depth."""
    if isinstance(old, list):
        return isinstance(new, list) and len(new) >= len(old) and all(begins_with(n, o) for n, o in zip(new, old, strict=False))
    if isinstance(old, dict):
        return isinstance(new, dict) and new.keys() == old.keys() and all(begins_with(new[key], old[key]) for key in old)
    return bool(new == old)


def packed(value: Any) -> bytes:
    return bytes((VERSION,)) + msgspec.msgpack.encode(value)


def test_what_the_first_version_wrote_is_read_today() -> None:
    """Every value in its place, after decoding and encoding again. The file was written by 0.1.0; never renew it."""
    stored = (DATA / "profile-0.1.0.msgpack").read_bytes()
    state = decode(stored)

    assert state.habits.login.devices[0].label == "Chrome on Windows"
    assert state.pending[0].found[0].detector == "login_new_device"
    old = msgspec.msgpack.decode(stored[1:])
    new = msgspec.msgpack.decode(encode(state)[1:])
    assert begins_with(new, old)


def test_what_waited_in_the_first_version_can_still_be_learned() -> None:
    """The event within it decodes to what it was."""
    state = decode((DATA / "profile-0.1.0.msgpack").read_bytes())
    expected = json.loads((DATA / "profile-0.1.0.pending.json").read_text())
    event: Any = msgspec.msgpack.decode(state.pending[0].event, type=Event)

    assert msgspec.to_builtins(event) == expected


def test_a_field_that_an_older_worker_did_not_know_gets_its_default() -> None:
    """The first four fields of the state, and of the habits the counters alone."""
    state = decode(packed([{"logins": 7}, [12, 1.0, 2.0], [{}, [], []], []]))

    assert state.applied == {"logins": 7}
    assert (state.habits.events, state.habits.login.devices) == (12, [])
    assert (state.recent, state.sessions, state.steps) == (b"", [], [])


def test_an_older_worker_skips_what_a_newer_one_added() -> None:
    """At the end of the state, and within."""
    fields = arrays(UserState(applied={"logins": 7}))
    fields[1].append("a section to come")
    fields.append({"a field": "to come"})

    assert decode(packed(fields)).applied == {"logins": 7}


def test_another_version_is_refused_in_words() -> None:
    """Rather than misread."""
    with pytest.raises(ValueError, match="profile version 9 is not one this worker reads"):
        decode(b"\x09\x90")


@pytest.mark.parametrize("nothing", [None, b""])
def test_nothing_stored_is_a_fresh_state(nothing: bytes | None) -> None:
    """An account seen for the first time."""
    assert decode(nothing) == UserState()


def test_fresh_states_share_nothing() -> None:
    """Mutable defaults are each state's own."""
    one, other = UserState(), UserState()
    one.applied["logins"] = 1
    one.habits.login.countries["DE"] = 1
    one.pending.append(Pending("e", 0.0, b"", []))

    assert other == UserState()


def test_an_epoch_keeps_offsets_apart() -> None:
    """A broker that began anew counts from nought again."""
    assert applied_key("logins", "") == "logins"
    assert applied_key("logins", "7") != applied_key("logins", "8")


def test_the_past_of_the_examples_is_in_event_time() -> None:
    """What other tests lean on."""
    past = [event.at for event in habits_of_a_month()]
    assert past == sorted(past)
