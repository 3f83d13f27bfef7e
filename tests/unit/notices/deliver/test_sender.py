"""The sender on providers that are told what to answer."""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta

import pytest

from domain.messages import Receipt
from domain.ports import Rendered
from notices.deliver.outcome import Delivered, Outcome, Refused, Sent, Unavailable, Unsure
from notices.deliver.provider import Limits
from notices.deliver.recording import RecordingProvider
from notices.deliver.sender import Marks, Sender
from tests.support.background import wait_until
from tests.support.outbox import MemoryOutbox, now, rendered

pytestmark = pytest.mark.slow

AWAY = Unavailable("SMTP: Connection refused")


class MemoryMarks:
    """What Redis keeps in the product."""

    def __init__(self) -> None:
        self.kept: dict[str, tuple[str, str | None]] = {}

    def mark(self, delivery_id: str, provider: str, provider_id: str | None) -> None:
        self.kept[delivery_id] = (provider, provider_id)

    def marked(self, delivery_ids: Sequence[str]) -> dict[str, tuple[str, str | None]]:
        return {name: self.kept[name] for name in delivery_ids if name in self.kept}

    def forget(self, delivery_ids: Sequence[str]) -> None:
        for name in delivery_ids:
            self.kept.pop(name, None)


@pytest.fixture
def outbox() -> MemoryOutbox:
    return MemoryOutbox()


@pytest.fixture
def start(outbox: MemoryOutbox) -> Iterator[Callable[..., Sender]]:
    """`start(email=[...], sms=[...])` runs a sender on these providers."""
    running: list[Sender] = []
    providers: list[RecordingProvider] = []

    def run(
        poll: float = 0.02, heard: Callable[[Sequence[Receipt]], None] = lambda receipts: None, marks: Marks | None = None, **channels: list
    ) -> Sender:
        sender = Sender(outbox, channels, "me", poll=poll, heard=heard, marks=marks, dice=lambda: 0.5)
        providers.extend(provider for lanes in channels.values() for provider in lanes)
        running.append(sender)
        sender.start()
        return sender

    yield run
    for provider in providers:
        provider.go_on()
    for sender in running:
        sender.stop(5)


def test_what_a_provider_takes_is_sent_and_told(outbox: MemoryOutbox, start: Callable[..., Sender]):
    """The receipt names provider, its id and the attempt; whoever listens hears it."""
    first, heard = RecordingProvider(name="mailto"), []
    outbox.add(rendered(1))
    start(email=[first], heard=heard.extend)
    outbox.wait_final()

    receipt = outbox.last("email-1")
    assert (receipt.status, receipt.provider, receipt.provider_id, receipt.attempt, receipt.reason) == (
        "sent",
        "mailto",
        "recorded",
        1,
        None,
    )
    wait_until(lambda: heard == [receipt])
    assert [message.recipient for message in first.taken] == ["user1@mail.example"]


def test_an_unavailable_provider_is_followed_by_the_next_at_once(outbox: MemoryOutbox, start: Callable[..., Sender]):
    """One receipt, of the second provider: no time was lost."""
    first, second = RecordingProvider(name="mailto"), RecordingProvider(name="mailto-2")
    first.always = AWAY
    outbox.add(rendered(1))
    start(email=[first, second])
    outbox.wait_final()

    assert outbox.history("email-1") == ["sent"]
    assert outbox.last("email-1").provider == "mailto-2"
    assert len(first.tries) == 1


def test_when_none_takes_it_it_waits_a_second_and_begins_at_the_first(outbox: MemoryOutbox, start: Callable[..., Sender]):
    """`queued` with both reasons; a second later the first provider takes it."""
    first, second = RecordingProvider(name="mailto"), RecordingProvider(name="mailto-2")
    first.answers.append(AWAY)
    second.answers.append(Unavailable("SMTP 451 busy", whole=False))
    outbox.add(rendered(1))
    start(email=[first, second])
    outbox.wait_final()

    waited, sent = outbox.rows["email-1"].history
    assert (waited.status, sent.status, sent.provider, sent.attempt) == ("queued", "sent", "mailto", 2)
    assert waited.reason == "mailto: SMTP: Connection refused; mailto-2: SMTP 451 busy"
    assert 0.9 < (sent.at - waited.at).total_seconds() < 3


def test_a_refusal_is_final_and_asks_no_other_provider(outbox: MemoryOutbox, start: Callable[..., Sender]):
    """`rejected` with its reason; the text message takes its place."""
    first, second, texts = RecordingProvider(), RecordingProvider(), RecordingProvider("sms")
    first.always = Refused("SMTP 550 no such user")
    outbox.add(rendered(1))
    start(email=[first, second], sms=[texts])
    outbox.wait_final()

    assert (outbox.last("email-1").status, outbox.last("email-1").reason) == ("rejected", "SMTP 550 no such user")
    assert second.tries == []
    assert outbox.fall_backs == {"email-1": "sms"}


@pytest.mark.parametrize(
    ("more", "sms"),
    [({"slot": "old-1"}, True), ({}, False)],
)
def test_no_channel_takes_the_place_of_an_old_contact_or_where_there_is_none(
    outbox: MemoryOutbox, start: Callable[..., Sender], more: dict, sms: bool
):
    """A replaced contact has no other; a channel without provider can't help."""
    first = RecordingProvider()
    first.always = Refused("no")
    outbox.add(rendered(1, **more))
    start(email=[first], **({"sms": [RecordingProvider("sms")]} if sms else {}))
    outbox.wait_final()

    assert outbox.fall_backs == {}


def test_what_took_a_place_is_not_replaced_again(outbox: MemoryOutbox, start: Callable[..., Sender]):
    """A refused text that stood in for a mail ends there."""
    texts = RecordingProvider("sms")
    texts.always = Refused("HTTP 400")
    outbox.add(rendered(1, "sms"), fallback_of="email-1")
    start(email=[RecordingProvider()], sms=[texts])
    outbox.wait_final()

    assert outbox.fall_backs == {}


def test_a_channel_without_provider_fails_and_the_other_takes_its_place(outbox: MemoryOutbox, start: Callable[..., Sender]):
    """Said honestly at once, not retried for a day."""
    outbox.add(rendered(1))
    start(sms=[RecordingProvider("sms")])
    outbox.wait_final()

    assert (outbox.last("email-1").status, outbox.last("email-1").reason) == ("failed", "no provider configured")
    assert outbox.fall_backs == {"email-1": "sms"}


def test_an_answer_that_says_neither_is_not_tried_again(outbox: MemoryOutbox, start: Callable[..., Sender]):
    """A text whose fate is unknown is `unknown`: trying again could tell twice."""
    texts = RecordingProvider("sms")
    texts.always = Unsure("HTTP 200 without the id of a text")
    outbox.add(rendered(1, "sms"))
    start(sms=[texts])
    outbox.wait_final()

    assert outbox.history("sms-1") == ["unknown"]


def test_the_inbox_is_delivered_not_sent(outbox: MemoryOutbox, start: Callable[..., Sender]):
    """In-app is the one channel where Vigil knows that it arrived."""
    inbox = RecordingProvider("inapp")
    inbox.always = Delivered("notice-1")
    outbox.add(rendered(1, "inapp"))
    start(inapp=[inbox])
    outbox.wait_final()

    assert outbox.history("inapp-1") == ["delivered"]


def test_a_notice_past_its_time_is_expired_and_never_sent(outbox: MemoryOutbox, start: Callable[..., Sender]):
    """A margin warning after the fact says nothing true."""
    first = RecordingProvider()
    outbox.add(rendered(1, expires_at=now() - timedelta(seconds=1)))
    start(email=[first])
    outbox.wait_final()

    assert outbox.history("email-1") == ["expired"]
    assert first.tries == []


def test_after_a_day_it_is_given_up(outbox: MemoryOutbox, start: Callable[..., Sender]):
    """`failed`, with the last reason."""
    first = RecordingProvider()
    first.always = AWAY
    outbox.add(rendered(1), created_at=now() - timedelta(hours=24), attempt=1500)
    start(email=[first], sms=[RecordingProvider("sms")])
    outbox.wait_final()

    assert outbox.last("email-1").status == "failed"
    assert outbox.last("email-1").reason == "given up after a day: SMTP: Connection refused"
    assert outbox.fall_backs == {"email-1": "sms"}


def test_a_provider_that_hangs_does_not_stall_the_mails_behind(outbox: MemoryOutbox, start: Callable[..., Sender]):
    """Two hang in the first; the eight behind them go through the second within seconds, and so does what comes later."""
    first, second = RecordingProvider(name="mailto", limits=Limits(connections=2)), RecordingProvider(name="mailto-2")
    first.hang()
    outbox.add(*(rendered(number) for number in range(10)))
    sender = start(email=[first, second])
    wait_until(lambda: len(second.taken) == 8, timeout=10)
    outbox.add(rendered(10))
    sender.wake()
    wait_until(lambda: len(second.taken) == 9, timeout=2)

    assert len(first.tries) == 2
    first.go_on()
    outbox.wait_final()
    assert len(first.taken) + len(second.taken) == 11


def test_a_hanging_provider_that_is_the_only_one_still_uses_its_other_connections(outbox: MemoryOutbox, start: Callable[..., Sender]):
    """One slow recipient doesn't hold up the next."""
    only = RecordingProvider(limits=Limits(connections=2))
    only.hang()
    outbox.add(rendered(1))
    sender = start(email=[only])
    wait_until(lambda: sender.lanes["email"][0].stuck(), timeout=10)
    outbox.add(rendered(2))
    sender.wake()

    wait_until(lambda: len(only.tries) == 2, timeout=5)


def test_a_channel_that_hangs_does_not_stall_another(outbox: MemoryOutbox, start: Callable[..., Sender]):
    """500 mails stand; the texts behind them go out."""
    mails, texts = RecordingProvider(limits=Limits(connections=1)), RecordingProvider("sms")
    mails.hang()
    outbox.add(*(rendered(number) for number in range(500)))
    start(email=[mails], sms=[texts])
    wait_until(lambda: mails.tries)
    outbox.add(rendered(1, "sms"))

    outbox.wait_final("sms-1", seconds=5)


def test_an_outage_loses_nothing_and_its_end_is_noticed_by_itself(outbox: MemoryOutbox, start: Callable[..., Sender]):
    """Forty mails wait while the only provider is away, which is asked a few times only; once it is back all go out, each once."""
    only = RecordingProvider()
    only.always, only.answers_probes = AWAY, False
    outbox.add(*(rendered(number) for number in range(40)))
    start(email=[only])
    wait_until(lambda: all(outbox.history(f"email-{n}") for n in range(40)) and only.probes, timeout=10)
    tried = len(only.tries)

    only.always, only.answers_probes = Sent("1"), True
    outbox.wait_final(seconds=15)

    assert tried < 40, "the breaker kept most from trying"
    assert sorted(message.delivery_id for message in only.taken) == sorted(outbox.rows)
    assert {outbox.rows[i].history[0].reason for i in outbox.rows} == {"SMTP: Connection refused"}


def test_retry_after_is_kept_to(outbox: MemoryOutbox, start: Callable[..., Sender]):
    """429 with Retry-After: 3: the text waits for three seconds, not for one, and nothing else is posted meanwhile."""
    gateway = RecordingProvider("sms")
    gateway.answers.append(Unavailable("HTTP 429", whole=False, pause=3.0))
    outbox.add(rendered(1, "sms"))
    sender = start(sms=[gateway])
    outbox.wait_history("sms-1", 1)
    outbox.add(rendered(2, "sms"))
    sender.wake()
    outbox.wait_final()

    waited, sent = outbox.rows["sms-1"].history
    assert (sent.at - waited.at).total_seconds() >= 2.9
    assert outbox.history("sms-2") == ["queued", "sent"]


def test_the_gravest_goes_first(outbox: MemoryOutbox, start: Callable[..., Sender]):
    """Behind a backlog a critical notice doesn't wait its turn."""
    only = RecordingProvider(limits=Limits(connections=1))
    outbox.add(*(rendered(number) for number in range(200)), rendered("x", severity="critical"))
    start(email=[only])
    outbox.wait_final()

    assert only.taken[0].delivery_id == "email-x"


def test_stopping_finishes_what_is_under_way_and_gives_the_rest_back(outbox: MemoryOutbox, start: Callable[..., Sender]):
    """The mail in flight is recorded as sent; those behind it are free for another worker."""
    only = RecordingProvider(limits=Limits(connections=1))
    only.hang()
    outbox.add(*(rendered(number) for number in range(5)))
    sender = start(email=[only])
    wait_until(lambda: only.tries)
    only.go_on()
    assert sender.stop(10)

    sent = [i for i in outbox.rows if outbox.history(i) == ["sent"]]
    assert len(sent) == len(only.taken) >= 1
    assert all(outbox.rows[i].owner is None and not outbox.rows[i].final for i in outbox.rows if i not in sent)


def test_what_a_killed_sender_had_claimed_is_free_when_it_is_back(outbox: MemoryOutbox, start: Callable[..., Sender]):
    """The owner's name survives the process, so its leases needn't run out."""
    outbox.add(rendered(1))
    outbox.claim("me", now(), 10, 3600)
    start(email=[RecordingProvider()])

    outbox.wait_final(seconds=5)


def test_an_outbox_that_is_away_is_waited_for(outbox: MemoryOutbox, start: Callable[..., Sender]):
    """Receipts that couldn't be written are written later; the mail went out once."""
    only = RecordingProvider()
    only.hang()
    outbox.add(rendered(1))
    start(email=[only])
    wait_until(lambda: only.tries)
    outbox.broken = True
    only.go_on()
    wait_until(lambda: only.taken)
    outbox.broken = False
    outbox.wait_final()

    assert outbox.history("email-1") == ["sent"]
    assert len(only.tries) == 1


def test_a_provider_that_raises_counts_as_unavailable(outbox: MemoryOutbox, start: Callable[..., Sender]):
    """A slip in a provider neither ends its thread nor loses the mail."""

    def raises(message: object) -> Sent:
        raise KeyError("user1@mail.example")

    first, second = RecordingProvider(name="mailto"), RecordingProvider(name="mailto-2")
    first.always = raises
    second.answers.append(AWAY)
    outbox.add(rendered(1))
    start(email=[first, second])
    outbox.wait_final()

    assert "user1" not in str(outbox.rows["email-1"].history[0].reason)
    assert outbox.last("email-1").status == "sent"


def test_what_was_handed_over_before_a_kill_is_recorded_and_not_sent_again(outbox: MemoryOutbox, start: Callable[..., Sender]):
    """The mark names provider and id; once the receipt is written the mark goes."""
    only, marks = RecordingProvider(), MemoryMarks()
    marks.mark("email-1", "mailto-2", "4XyZ9k")
    outbox.add(rendered(1), rendered(2))
    start(email=[only], marks=marks)
    outbox.wait_final()

    receipt = outbox.last("email-1")
    assert (receipt.status, receipt.provider, receipt.provider_id) == ("sent", "mailto-2", "4XyZ9k")
    assert [message.delivery_id for message in only.tries] == ["email-2"]
    wait_until(lambda: marks.kept == {})


def test_a_mark_is_there_before_the_receipt(outbox: MemoryOutbox, start: Callable[..., Sender]):
    """While SQL is away, what was sent is known by its mark alone."""
    only, marks = RecordingProvider(), MemoryMarks()
    only.hang()
    outbox.add(rendered(1))
    start(email=[only], marks=marks)
    wait_until(lambda: only.tries)
    outbox.broken = True
    only.go_on()
    wait_until(lambda: marks.kept == {"email-1": ("recording", "recorded")})
    outbox.broken = False
    outbox.wait_final()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_whatever_providers_answer_each_message_ends_once_and_is_never_sent_twice(
    outbox: MemoryOutbox, start: Callable[..., Sender], seed: int
):
    """Two moody providers, 200 messages: one end for each, and no try after it."""
    chance = random.Random(seed)
    ends: Counter[str] = Counter()
    after: list[str] = []

    def moody(message: Rendered) -> Outcome:
        if ends[message.delivery_id]:
            after.append(message.delivery_id)
        outcome = chance.choices([Sent("1"), Refused("no"), Unsure("?"), Unavailable("busy", whole=False), AWAY], [60, 10, 5, 20, 5])[0]
        ends[message.delivery_id] += not isinstance(outcome, Unavailable)
        return outcome

    first, second = RecordingProvider(name="mailto"), RecordingProvider(name="mailto-2")
    first.always = second.always = moody
    outbox.add(*(rendered(number) for number in range(200)))
    start(email=[first, second])
    outbox.wait_final(seconds=60)

    assert after == []
    assert set(ends.values()) == {1}
    finals = [[status for status in outbox.history(i) if status != "queued"] for i in outbox.rows]
    assert all(len(statuses) == 1 for statuses in finals)
    assert {statuses[0] for statuses in finals} <= {"sent", "rejected", "unknown"}


def test_new_messages_are_handed_over_up_to_the_room_there_is(outbox: MemoryOutbox, start: Callable[..., Sender]):
    """They are sent without a claim, the gravest first; what was granted and not used is free again."""
    only = RecordingProvider(limits=Limits(connections=1))
    sender = start(email=[only])
    full = sender.reserve({"email": 100_000})["email"]
    assert 0 < full < 100_000
    assert sender.reserve({"email": 1}) == {"email": 0}
    sender.hand([], {"email": full})

    granted = sender.reserve({"email": 3})
    messages = [rendered(1), rendered(2, severity="critical")]
    outbox.add(*messages)
    rows = outbox.claim("me", now(), 10, 3600)
    sender.hand(sorted(rows, key=lambda row: row.rendered.delivery_id), granted)
    outbox.wait_final()

    assert [message.delivery_id for message in only.taken] == ["email-2", "email-1"]

    def all_free() -> bool:
        room = sender.reserve({"email": full})
        sender.hand([], room)
        return room == {"email": full}

    wait_until(all_free)


def test_while_others_wait_nothing_is_handed_over(outbox: MemoryOutbox, start: Callable[..., Sender]):
    """A backlog isn't overtaken by what comes new."""
    only = RecordingProvider(limits=Limits(connections=1))
    only.hang()
    outbox.add(*(rendered(number) for number in range(2000)))
    sender = start(email=[only])
    wait_until(lambda: only.tries)

    wait_until(lambda: sender.reserve({"email": 1}) == {"email": 0})
