"""Topics of one partition index, kept together in event time."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from streams.merge import Merge


@dataclass
class Record:
    """What the merge needs of a fetched record, and already what it decodes to."""

    topic: str
    offset: int
    at: float | None
    key: bytes = b"u"
    value: bytes = b"{}"


def merged(**topics: list[float | None]) -> Merge:
    merge = Merge()
    for topic, times in topics.items():
        merge.lane(topic, lambda record: record).add(Record(topic, offset, at) for offset, at in enumerate(times))
    return merge


def nothing_missing(name: str) -> bool:
    return False


def places(items: list[Record]) -> list[tuple[str, int]]:
    return [(item.topic, item.offset) for item in items]


def test_the_oldest_event_goes_first_whichever_topic_holds_it() -> None:
    """Three topics come out as one, in event time."""
    merge = merged(logins=[1, 4, 9], transfers=[2, 3], trades=[5, 6, 7, 8])

    assert [item.at for item in merge.take(100, nothing_missing)] == [1, 2, 3, 4, 5, 6, 7, 8, 9]


def test_a_late_event_keeps_its_place_in_its_topic() -> None:
    """Offset order holds within a topic: an event that came late goes where it stands."""
    merge = merged(logins=[5, 1, 6], transfers=[2, 7])

    assert places(merge.take(100, nothing_missing)) == [("transfers", 0), ("logins", 0), ("logins", 1), ("logins", 2), ("transfers", 1)]


def test_a_record_without_a_time_follows_the_one_before_it() -> None:
    """A record that doesn't decode has no event time and must not hold up or hurry anything."""
    merge = merged(logins=[None, 5, None, 6], transfers=[4, 5.5])

    assert places(merge.take(100, nothing_missing)) == [
        ("logins", 0), ("transfers", 0), ("logins", 1), ("logins", 2), ("transfers", 1), ("logins", 3),
    ]  # fmt: skip


def test_nothing_passes_a_topic_that_has_more_at_the_broker() -> None:
    """When a topic runs empty and isn't caught up, the batch ends there."""
    merge = merged(logins=[1, 2], transfers=[1.5, 3, 4])

    first = merge.take(100, lambda name: name == "logins")
    then = merge.take(100, lambda name: name == "logins")

    assert places(first) == [("logins", 0), ("transfers", 0), ("logins", 1)]
    assert then == []


def test_a_batch_is_no_larger_than_asked_for() -> None:
    """The rest waits for the next batch, nothing is lost between them."""
    merge = merged(logins=[1, 3, 5], transfers=[2, 4, 6])

    assert [item.at for item in merge.take(4, nothing_missing)] == [1, 2, 3, 4]
    assert [item.at for item in merge.take(4, nothing_missing)] == [5, 6]
    assert not merge


def test_the_size_of_a_lane_falls_to_nothing_as_it_empties() -> None:
    """What bounds the fetching is given back to the byte."""
    merge = merged(logins=[1, 2, 3])
    before = merge.lanes["logins"].size
    merge.take(100, nothing_missing)

    assert before > 0
    assert merge.lanes["logins"].size == 0


TIMES = st.lists(st.one_of(st.none(), st.integers(0, 50)), max_size=80)


@given(st.lists(TIMES, min_size=1, max_size=4), st.integers(1, 30))
def test_any_split_into_batches_gives_one_order_and_loses_nothing(topics: list[list[float | None]], limit: int) -> None:
    """Whatever the batch size: every record once, in offset order within its topic, sorted by the topics' running maxima."""
    named = {f"t{index}": times for index, times in enumerate(topics)}
    whole = merged(**named).take(10_000, nothing_missing)
    merge, parts = merged(**named), []
    while merge:
        parts += merge.take(limit, nothing_missing)

    assert places(parts) == places(whole)
    for topic, times in named.items():
        assert [item.offset for item in parts if item.topic == topic] == list(range(len(times)))
    clocks: dict[str, float] = {}
    seen = []
    for item in parts:
        clocks[item.topic] = max(clocks.get(item.topic, float("-inf")), float("-inf") if item.at is None else item.at)
        seen.append(clocks[item.topic])
    assert seen == sorted(seen)
