"""What the desk does with notices whose words nobody approved: nothing is sent of them, and nothing is lost."""

from __future__ import annotations

import msgspec

from domain.messages import OldContact
from domain.wording import Edition
from ledger.explain import as_text, explain
from ledger.verify import verify
from notices.compose import Composer
from notices.compose.approval import Gate
from notices.compose.editions import on_disk
from notices.compose.templates import kinds
from streams.desk import UNAPPROVED
from tests.integration.notify.desk import Bench, token, words

KIND = "login_new_device"


def gated(bench: Bench, approved: tuple[str, ...], locales: tuple[str, ...] = ("zh-TW", "en")) -> dict[str, Edition]:
    """A desk that sends approved words alone; the editions by language. Tips are approved."""
    own = {locale: on_disk(KIND, locale) for locale in ("zh-TW", "en")}
    others = [on_disk(kind, locale) for kind in kinds() if kind.startswith("tip_") for locale in locales]
    bench.store.wordings.take_in("tree", [*own.values(), *others], lambda one: one.locale in approved or one.kind != KIND, bench.at)
    bench.composer = Composer("Example", "http://vigil.example", gate=Gate(bench.store.wordings))
    bench.desk = bench.make()
    bench.desk.tend()
    return own


def told_of(bench: Bench, notice_id: str) -> str:
    """What `explain` says."""
    found = explain(bench.store.book, bench.store.ledger, notice_id)
    assert found
    return as_text(found)


def approve(bench: Bench, edition: Edition) -> None:
    bench.store.wordings.decide("submitted", [edition.name], "ana", "", bench.at)
    bench.store.wordings.decide("approved", [edition.name], "carl", "", bench.at)


def test_a_notice_without_approved_words_waits_and_goes_out_once_they_are(bench: Bench) -> None:
    """To everyone, on every channel, with links that work; the ledger says why it came late."""
    bench.user()
    own = gated(bench, ())
    notice = msgspec.structs.replace(bench.notice(), channels=["email", "sms", "inapp"])
    bench.take(notice)
    bench.later(minutes=30)
    bench.desk.tend()
    waits = bench.claimed()
    approve(bench, own["zh-TW"])
    bench.later(seconds=2)
    bench.desk.tend()
    rows = bench.claimed()

    assert waits == {}
    assert bench.receipts() == []
    assert (set(rows), {row.locale for row in rows.values()}) == ({"email", "sms", "inapp"}, {"zh-TW"})
    assert bench.store.answers.find(token(rows["email"])).notice_id == notice.notice_id
    assert bench.store.answers.find(token(rows["sms"])).notice_id == notice.notice_id
    assert UNAPPROVED in told_of(bench, notice.notice_id)
    assert verify(bench.store.book, bench.store.ledger).ok


def test_a_replaced_contact_is_told_too_once_words_are_approved(bench: Bench) -> None:
    """Whoever took the account over must not win by the wait."""
    bench.user()
    own = gated(bench, ())
    old = [OldContact("email", "mei-before@mail.example")]
    bench.take(msgspec.structs.replace(bench.notice(), old_contacts=old, channels=["email"]))
    approve(bench, own["zh-TW"])
    bench.later(seconds=2)
    bench.desk.tend()

    assert set(bench.claimed()) == {"email", "email-old"}


def test_english_goes_out_at_once_where_the_language_is_not_approved(bench: Bench) -> None:
    """A warning in English now is worth more than one in Chinese tomorrow."""
    bench.user()
    gated(bench, ("en",))
    bench.take(bench.notice())
    row = bench.claimed()["email"]

    assert (row.locale, row.locale_reason) == ("en", "approval")


def test_a_draft_is_not_sent_but_the_approved_edition_that_sql_keeps(bench: Bench) -> None:
    """Someone changed a template on the server: readers get the words as they were approved."""
    bench.user(locale="en")
    here = on_disk(KIND, "en")
    approved = msgspec.structs.replace(
        here, files={name: text.replace("from a new device", "from a device seen never before") for name, text in here.files.items()}
    )
    bench.store.wordings.take_in("tree-before", [approved], lambda one: True, bench.at)
    gated(bench, ())
    bench.take(bench.notice())
    mail = bench.claimed()["email"]

    assert "from a device seen never before" in words(mail)
    assert mail.template == f"{KIND}@{approved.name[:8]}"


def test_what_nobody_approves_within_a_day_ends_and_says_so(bench: Bench) -> None:
    """A warning a day late would frighten for nothing; the receipt names the cause."""
    bench.user()
    gated(bench, ())
    bench.take(bench.notice())
    bench.later(hours=23)
    bench.desk.tend()
    still = bench.receipts()
    bench.later(hours=2)
    bench.desk.tend()

    ended = {(status, reason) for _, status, reason in bench.receipts()}

    assert still == []
    assert ended == {("expired", "too old to be told when it was read")}
    assert bench.claimed() == {}
