"""The batch unit: what it publishes and writes, and what it does when a record or a part fails."""

import base64
from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec
import pytest

from domain.events import Report, Service
from domain.ports import Unavailable
from domain.profile import UserState, decode, encode
from streams import kernel as kernel_module
from streams import patience
from streams.cache import ProfileCache
from streams.kernel import Kernel
from tests.unit.domain.examples import EXAMPLES
from tests.unit.streams.fakes import NOW, CountingEngine, MemoryBus, MemoryProfiles, TellingPolicy, item, login


class Died(BaseException):
    """The process would have ended."""


class Parts:
    """A kernel and its parts; a second one on the same profiles and bus is the worker after a restart."""

    def __init__(self, profiles: MemoryProfiles | None = None, bus: MemoryBus | None = None, **options: object):
        self.engine, self.profiles, self.bus = CountingEngine(), profiles or MemoryProfiles(), bus or MemoryBus()
        self.kernel = Kernel(self.engine, TellingPolicy(), self.profiles, self.bus, clock=lambda: NOW, die=self.die, **options)  # type: ignore[arg-type]

    def die(self, why: str) -> None:
        raise Died(why)

    def events(self, user: str = "u1") -> int:
        """Events counted in the stored profile."""
        return decode(self.profiles.data.get(user)).habits.events


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "BACKOFF", (0.0,))


async def test_findings_and_notices_are_published_and_the_profile_written() -> None:
    """One batch leads to its messages and to one profile that knows the last offset of each topic."""
    parts = Parts()
    await parts.kernel.run([item("logins", 0, login("e0")), item("logins", 1, login("bad1"))])

    assert [f["event_id"] for f in parts.bus.on("findings")] == ["bad1"]
    assert parts.bus.on("findings")[0]["source"] == {"topic": "logins", "partition": 0, "offset": 1}
    assert len(parts.bus.on("notices")) == 1
    assert parts.bus.messages[0].key == b"u1"
    assert decode(parts.profiles.data["u1"]).applied == {"logins": 1}
    assert parts.events() == 2


async def test_what_events_were_like_is_told_a_batch_at_a_time() -> None:
    """Thousands of records of a few bytes each would be most of what is published."""
    parts = Parts()
    kept = [item("logins", n, login(f"kept{n}")) for n in range(kernel_module.RECORDS + 1)]
    await parts.kernel.run([*kept, item("logins", len(kept), login("poison"))])

    told = [msgspec.msgpack.decode(m.value) for m in parts.bus.messages if m.topic == "features"]
    assert [len(records) for records in told] == [kernel_module.RECORDS, 1]
    assert told[0][0] == ["kept0"]


async def test_a_batch_that_comes_back_is_applied_once() -> None:
    """Killed between write and commit: the offsets are known in the profile, nothing is told or counted again."""
    first = Parts()
    batch = [item("logins", 0, login("e0")), item("logins", 1, login("bad1"))]
    await first.kernel.run(batch)
    again = Parts(first.profiles, MemoryBus())
    await again.kernel.run(batch)

    assert again.bus.messages == []
    assert again.events() == 2
    assert again.kernel.tally.skipped == 2


async def test_killed_before_the_write_the_same_ids_are_published_again() -> None:
    """Killed between publish and write: the replay tells the same ids, so that those downstream can drop them."""
    batch = [item("logins", 1, login("bad1"))]
    killed, replay = Parts(), Parts()
    await killed.kernel.run(batch)
    await replay.kernel.run(batch)

    assert killed.bus.on("findings")[0]["finding_id"] == replay.bus.on("findings")[0]["finding_id"]
    assert killed.bus.on("notices")[0]["notice_id"] == replay.bus.on("notices")[0]["notice_id"]


async def test_offsets_of_an_earlier_epoch_hide_nothing() -> None:
    """A broker that began anew starts at offset 0 again: with a new epoch its events are new."""
    parts = Parts(epoch="one")
    await parts.kernel.run([item("logins", 7, login("e7"))])
    later = Parts(parts.profiles, epoch="two")
    await later.kernel.run([item("logins", 0, login("bad0"))])

    assert len(later.bus.on("findings")) == 1
    assert later.events() == 2


async def test_what_does_not_decode_goes_whole_to_the_dead_letters() -> None:
    """The record with its place, key and value in base64, field and reason; the events around it are processed."""
    parts = Parts()
    await parts.kernel.run([item("logins", 0, login("e0")), item("logins", 1, b"\xff{"), item("logins", 2, login("bad2"))])

    (letter,) = parts.bus.on("dead-letters")
    assert (letter["topic"], letter["partition"], letter["offset"]) == ("logins", 0, 1)
    assert base64.b64decode(letter["value"]) == b"\xff{"
    assert base64.b64decode(letter["key"]) == b"u1"
    assert "UTF-8" in letter["reason"]
    assert parts.events() == 2
    assert len(parts.bus.on("findings")) == 1


async def test_a_null_key_stays_null() -> None:
    """A dead letter doesn't turn what was absent into something empty."""
    parts = Parts()
    await parts.kernel.run([item("logins", 0, login("e0"), key=None)])

    (letter,) = parts.bus.on("dead-letters")
    assert letter["key"] is None
    assert letter["field"] == "key"


async def test_a_record_that_a_rule_breaks_on_is_put_aside_alone() -> None:
    """Its neighbours are processed, and the user's profile is as if it had never been but for its offset."""
    parts = Parts()
    await parts.kernel.run(
        [
            item("logins", 0, login("e0")),
            item("logins", 1, login("poison")),
            item("logins", 2, login("bad2")),
            item("logins", 3, login("poison2")),
        ]
    )

    assert [letter["offset"] for letter in parts.bus.on("dead-letters")] == [1, 3]
    assert all("RuntimeError" in letter["reason"] for letter in parts.bus.on("dead-letters"))
    assert parts.events() == 2
    assert decode(parts.profiles.data["u1"]).applied == {"logins": 3}
    assert len(parts.bus.on("findings")) == 1


async def test_a_finding_that_the_broker_refuses_puts_its_record_aside() -> None:
    """What can't be published can't be told: the record goes to the dead letters with the reason, the rest goes on."""
    parts = Parts()
    parts.bus.refuses = lambda message: message.topic == "findings" and b"bad1" in message.value
    await parts.kernel.run([item("logins", 1, login("bad1")), item("logins", 2, login("bad2"))])

    assert [letter["offset"] for letter in parts.bus.on("dead-letters")] == [1]
    assert [f["event_id"] for f in parts.bus.on("findings")] == ["bad2"]


async def test_when_even_the_dead_letter_is_refused_the_process_ends() -> None:
    """The offset stays uncommitted: nothing is passed over in silence."""
    parts = Parts()
    parts.bus.refuses = lambda message: True

    with pytest.raises(Died):
        await parts.kernel.run([item("logins", 0, b"{")])


@pytest.mark.parametrize("part", ["redis", "kafka"])
async def test_an_outage_is_waited_out_and_nothing_is_applied_twice(part: str) -> None:
    """Redis or Kafka away for a while: the batch waits, then is done once."""
    parts = Parts()
    if part == "redis":
        parts.profiles.down = 7
    else:
        parts.bus.down = 7
    await parts.kernel.run([item("logins", 0, login("e0")), item("logins", 1, login("bad1"))])

    assert parts.engine.applied == ["e0", "bad1"]
    assert parts.events() == 2
    assert len(parts.bus.on("notices")) == 1
    assert parts.kernel.waiting_for == ""


async def test_a_profile_that_cannot_be_read_begins_anew_and_is_kept_beside() -> None:
    """Damaged bytes never stop a user's events, nor are they thrown away."""
    parts = Parts()
    parts.profiles.data["u1"] = b"\x01\xc1broken"
    await parts.kernel.run([item("logins", 5, login("bad5"))])

    assert parts.profiles.aside == [("u1", b"\x01\xc1broken")]
    assert parts.events() == 1
    assert len(parts.bus.on("findings")) == 1


async def test_an_emptied_redis_is_given_back_what_the_worker_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also the profiles of users of whom nothing new is heard."""
    monkeypatch.setattr(kernel_module, "CHECK_REDIS_EVERY", 0.0)
    parts = Parts()
    await parts.kernel.run([item("logins", 0, login("e0")), item("logins", 1, login("e1", "u2"), key=b"u2")])
    parts.profiles.data.clear()
    parts.profiles.begins_anew = True
    await parts.kernel.run([item("logins", 2, login("e2"))])

    assert parts.events("u1") == 2
    assert parts.events("u2") == 1


async def test_known_profiles_are_not_read_again() -> None:
    """The cache serves the users of the partition; after a revoke it must not."""
    parts = Parts()
    await parts.kernel.run([item("logins", 0, login("e0"))])
    parts.profiles.data["u1"] = encode(UserState(applied={"logins": 100}))
    await parts.kernel.run([item("logins", 1, login("e1"))])
    assert parts.profiles.loads == 1
    assert parts.events() == 2

    parts.profiles.data["u1"] = encode(UserState(applied={"logins": 100}))
    parts.kernel.forget()
    await parts.kernel.run([item("logins", 2, login("e2"))])

    assert parts.profiles.loads == 2
    assert parts.kernel.tally.skipped == 1


async def test_a_cache_smaller_than_a_batch_loses_nothing() -> None:
    """Bounded in bytes: what doesn't fit is read and written each time."""
    parts = Parts(cache=ProfileCache(limit=600))
    for start in (0, 20):
        await parts.kernel.run([item("logins", start + n, login(f"e{start + n}", f"u{n}"), key=f"u{n}".encode()) for n in range(20)])

    assert [parts.events(f"u{n}") for n in range(20)] == [2] * 20
    assert parts.kernel.cache.size <= 600


async def test_events_without_a_rule_are_counted_and_touch_no_profile() -> None:
    """Announcements are validated and counted here; the process that sends notices takes them."""
    parts = Parts()
    value = msgspec.json.encode(EXAMPLES["announcements"])
    await parts.kernel.run([item("announcements", 0, value, key=b"*")])

    assert parts.kernel.tally.events == {"announcements": 1}
    assert parts.profiles.data == {}
    assert parts.bus.messages == []


async def test_an_event_counts_as_applied_once_its_profile_is_written() -> None:
    """Whoever reads the count finds the event in the profile; a batch that is stopped before that counts nothing."""
    parts, counted = Parts(), []
    save = parts.profiles.save

    async def watched(states: dict[str, bytes], places: Mapping[str, int] | None = None) -> None:
        counted.append(dict(parts.kernel.tally.events))
        await save(states, places)

    parts.profiles.save = watched  # type: ignore[method-assign]
    await parts.kernel.run([item("logins", 0, login("e0"))])

    assert counted == [{}]
    assert parts.kernel.tally.events == {"logins": 1}
    assert parts.kernel.tally.last_event_at > 0


async def test_what_is_late_is_told_as_a_service_event_of_its_user() -> None:
    """On the partition whose user it is, whoever's event was the occasion."""
    parts = Parts()
    parts.engine.late = [
        Service(event_id="late-t1", user_id="u9", occurred_at=datetime.fromtimestamp(NOW, UTC), subject="withdrawal", problem="delayed")
    ]
    await parts.kernel.run([item("logins", 0, login("e1"))], owned=True)

    (told,) = parts.bus.messages
    assert (told.topic, told.key, told.partition) == ("service-events", b"u9", 0)
    assert parts.bus.on("service-events")[0]["event_id"] == "late-t1"


async def test_events_that_follow_for_others_are_published_on_their_topics() -> None:
    """Where the broker refuses one, the batch goes on: nothing that came in is lost."""
    parts = Parts()
    parts.engine.tells = [
        Report(event_id="r", user_id="u8", occurred_at=datetime.fromtimestamp(NOW, UTC), subject="theft", text="", urls=[], addresses=[], senders=[])
    ]  # fmt: skip
    await parts.kernel.run([item("logins", 0, login("e1"))], owned=True)
    parts.bus.refuses = lambda message: message.topic == "reports"
    await parts.kernel.run([item("logins", 1, login("e2"))], owned=True)

    assert [report["user_id"] for report in parts.bus.on("reports")] == ["u8"]
    assert parts.bus.on("dead-letters") == []
    assert parts.events() == 2


async def test_an_erased_user_is_not_written_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """The profile is gone from the cache as well: his next event begins a new one, and a flush of Redis brings nothing old back."""
    monkeypatch.setattr(kernel_module, "CHECK_REDIS_EVERY", -1.0)
    parts = Parts()
    await parts.kernel.run([item("logins", 0, login("e0")), item("logins", 1, login("e1")), item("logins", 2, login("e2", "u2"), b"u2")])
    parts.profiles.data.clear()
    parts.profiles.gone, parts.profiles.begins_anew = ["u1", "stranger"], True

    await parts.kernel.run([item("logins", 3, login("e3"))])

    assert (parts.events("u1"), parts.events("u2")) == (1, 1)


async def test_offsets_of_earlier_epochs_do_not_pile_up() -> None:
    """A profile holds one offset a topic, however often the broker began anew."""
    profiles = MemoryProfiles()
    for epoch in ("", "a", "b", "b~1"):
        parts = Parts(profiles, epoch=epoch)
        await parts.kernel.run([item("logins", 3, login(f"e{epoch}"))])

    assert decode(profiles.data["u1"]).applied == {"b~1/logins": 3}
    assert parts.events() == 4


async def test_a_record_larger_than_any_dead_letter_is_cut_and_says_so() -> None:
    """An exchange may let its topics take more than ours: even such a record stops nothing."""
    parts = Parts()
    await parts.kernel.run([item("logins", 0, b"x" * 6_000_000), item("logins", 1, login("bad1"))])

    (letter,) = parts.bus.on("dead-letters")
    assert "6000000 bytes" in letter["reason"]
    assert max(len(message.value) for message in parts.bus.messages) < 4 * 1024 * 1024
    assert base64.b64decode(letter["value"]) == b"x" * 2_900_000
    assert len(parts.bus.on("findings")) == 1


class MemorySets:
    """Sets of a crowd that can be told to fail; notes in which order things were written."""

    def __init__(self, profiles: MemoryProfiles) -> None:
        self.profiles, self.down = profiles, 0
        self.loaded: list[set[tuple[str, str]]] = []
        self.saved_before: list[int] = []

    async def load(self, wanted: set[tuple[str, str]]) -> None:
        if self.down:
            self.down -= 1
            raise Unavailable("Redis: away")
        self.loaded.append(wanted)

    async def save(self) -> None:
        self.saved_before.append(self.profiles.saves)


async def test_what_accounts_have_in_common_is_fetched_before_and_written_before_the_profiles() -> None:
    """Once a batch, for all its events; a batch replayed after a kill between the two writes adds the same again."""
    profiles = MemoryProfiles()
    sets = MemorySets(profiles)
    sets.down = 2
    parts = Parts(profiles, crowd=sets)
    parts.engine.crowd_keys = lambda event: {("payers", event.event_id)}  # type: ignore[attr-defined]
    await parts.kernel.run([item("logins", 0, login("e0")), item("logins", 1, login("e1", user="u2"), key=b"u2")])

    assert sets.loaded == [{("payers", "e0"), ("payers", "e1")}]
    assert sets.saved_before == [0]
    assert profiles.saves == 1


async def test_a_record_that_no_mapping_is_for_is_passed_by() -> None:
    """It is counted, and neither an event nor a dead letter."""
    parts = Parts()
    other = item("logins", 0, None)
    other.rejected, other.passed = None, True
    await parts.kernel.run([other, item("logins", 1, login("e1"))])

    assert parts.bus.messages == []
    assert parts.kernel.tally.passed == {"logins": 1}
    assert parts.events() == 1


async def test_a_state_kept_decoded_is_used_with_its_own_bytes_only() -> None:
    """The next batch goes on with the state at hand; once the cache holds other bytes, those count."""
    parts = Parts()
    await parts.kernel.run([item("logins", 0, login("e0"))])
    first = parts.profiles.data["u1"]
    await parts.kernel.run([item("logins", 1, login("e1"))])
    going_on = parts.events()
    parts.kernel.cache.put({"u1": first})
    await parts.kernel.run([item("logins", 2, login("e2"))])

    assert going_on == 2
    assert parts.events() == 2


async def test_a_record_that_fails_half_way_leaves_no_trace_in_a_state_kept_decoded() -> None:
    """It is put aside, and the state is worked out anew from the bytes before the batch."""
    parts = Parts()
    await parts.kernel.run([item("logins", 0, login("e0"))])
    await parts.kernel.run([item("logins", 1, login("e1")), item("logins", 2, login("poison")), item("logins", 3, login("e3"))])

    assert parts.events() == 3
    assert [letter["offset"] for letter in parts.bus.on("dead-letters")] == [2]
