"""What two people approved is what readers get, whatever lies on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path

import msgspec
import pytest

from domain.wording import Edition, Live
from notices import samples
from notices.compose import Composer, editions
from notices.compose.approval import Gate, Unapproved
from notices.compose.catalogue import available
from notices.compose.editions import NOT_OF_NOTICES, every, name_of, on_disk, version, words_of
from notices.compose.intake import take_in, waits
from notices.compose.locales import messages
from notices.compose.preview import missing, preview
from notices.compose.templates import kinds
from tests.unit.notices.composing import COMPOSER, compose, inbox, mail, sms, text
from tests.unit.notices.samples import notice, parts_of_digest, user

KIND = "login_new_device"


class Kept:
    """Editions and pointers in memory."""

    def __init__(self, live: dict[tuple[str, str], Edition | str], approved: tuple[str, ...] = ()):
        self.kept = {one.name: one for one in live.values() if isinstance(one, Edition)}
        names = {place: one.name if isinstance(one, Edition) else one for place, one in live.items()}
        self.state = Live(names, frozenset([*names.values(), *approved]))
        self.number = len(live)

    def latest(self) -> int:
        return self.number

    def live(self) -> Live:
        return self.state

    def load(self, edition: str) -> Edition | None:
        return self.kept.get(edition)


def gate(live: dict[tuple[str, str], Edition | str], approved: tuple[str, ...] = ()) -> Gate:
    made = Gate(Kept(live, approved))
    made.refresh()
    return made


def other(kind: str = KIND, locale: str = "en", said: str = "a device nobody has seen") -> Edition:
    """The edition on disk with other words."""
    here = on_disk(kind, locale)
    files = {name: source.replace("from a new device", said) for name, source in here.files.items()}
    return msgspec.structs.replace(here, files=files)


def composer(live: dict[tuple[str, str], Edition | str], approved: tuple[str, ...] = ()) -> Composer:
    return Composer("Example Exchange", "https://exchange.example", check_code=COMPOSER.check_code, gate=gate(live, approved))


def test_an_approved_edition_is_sent_in_place_of_what_is_on_disk() -> None:
    """On every channel, and the ledger's name of the template is that of the edition."""
    edition = other()
    rendered = compose(notice(KIND), user(), composer({(KIND, "en"): edition}), ("email", "sms", "inapp"))
    message = mail(rendered)

    assert "a device nobody has seen" in message["Subject"]
    assert "a device nobody has seen" in text(message)
    assert "a device nobody has seen" in text(message, "html")
    assert "a device nobody has seen" in sms(rendered) or "New device" in sms(rendered)
    assert "a device nobody has seen" in inbox(rendered)["title"]
    assert {one.template.split("@")[1].split("+")[0] for one in rendered} == {edition.name[:8]}


def test_what_is_approved_and_on_disk_is_sent_as_it_is() -> None:
    """The usual case: nothing is loaded, the same bytes as without a gate."""
    gated = compose(notice(KIND), user(), composer({(kind, "en"): name_of(kind, "en") for kind in kinds()}))

    assert [one.payload for one in gated] == [one.payload for one in compose(notice(KIND), user())]


def test_a_changed_template_is_not_sent() -> None:
    """Its edition is on disk and nowhere approved: nothing is composed, and the caller is told."""
    with pytest.raises(Unapproved):
        compose(notice(KIND), user(), composer({}))


def test_english_takes_the_place_of_a_language_without_approved_words() -> None:
    """And the ledger says why the reader got it."""
    [one, *_] = compose(notice(KIND), user(locale="ar"), composer({(KIND, "en"): name_of(KIND, "en")}))

    assert (one.locale, one.locale_reason) == ("en", "approval")


def test_words_that_this_code_cannot_fill_are_not_used() -> None:
    """An edition of another release: what is on disk is sent if it was approved once, else nothing."""
    here = on_disk(KIND, "en")
    strange = msgspec.structs.replace(here, files={**here.files, "_notice.jinja": "{{ nobody_knows_this }}" + here.files["_notice.jinja"]})

    assert gate({(KIND, "en"): strange}, (here.name,)).words(KIND, "en") is None
    with pytest.raises(Unapproved):
        gate({(KIND, "en"): strange}).words(KIND, "en")


def test_each_line_of_a_digest_has_the_approved_words_of_its_kind() -> None:
    """A digest doesn't let unapproved subjects through."""
    live: dict[tuple[str, str], Edition | str] = {(kind, "en"): name_of(kind, "en") for kind in ("digest", "trade_burst")}
    said = text(mail(compose(notice("digest"), user(), composer({**live, (KIND, "en"): other()}))))

    assert "a device nobody has seen" in said
    with pytest.raises(Unapproved):
        compose(notice("digest"), user(), composer(live))


def test_a_tip_without_approved_words_is_left_out() -> None:
    """The notice that would have held it goes out all the same."""
    live: dict[tuple[str, str], Edition | str] = {(kind, "en"): name_of(kind, "en") for kind in kinds()}
    untold = {place: name for place, name in live.items() if not place[0].startswith("tip_")}
    told, bare = (len(text(mail(compose(notice(KIND), user(), composer(some))))) for some in (live, untold))

    assert bare < told


def test_a_decision_takes_effect_at_the_next_refresh() -> None:
    """Not before, and nothing changes where nothing was decided."""
    kept = Kept({})
    made = Gate(kept)
    made.refresh()
    kept.state, kept.number = Live({(KIND, "en"): name_of(KIND, "en")}, frozenset()), 1

    with pytest.raises(Unapproved):
        made.words(KIND, "en")
    assert made.refresh()
    assert not made.refresh()
    assert made.words(KIND, "en") is None


def test_an_edition_holds_all_that_puts_a_kind_into_words() -> None:
    """Every file that the template extends, the layouts, the texts of these and of the code that composes."""
    edition = on_disk("account_takeover", "de")

    assert set(edition.files) >= {
        "stories/account_takeover.jinja",
        "_story.jinja",
        "_withdrawal.jinja",
        "_notice.jinja",
        "layout.mjml",
        "layout.txt.jinja",
    }
    assert (
        edition.texts["A withdrawal of {amount} was requested from your account at {time}."]
        == "Um {time} wurde eine Auszahlung von {amount} von Ihrem Konto beantragt."
    )
    assert "If it was not you" in edition.shared
    assert version("account_takeover", words_of(edition)) == edition.name[:8] == name_of("account_takeover", "de")[:8]


def test_no_text_of_code_is_in_no_edition() -> None:
    """Each file with texts is either of notices or of pages: a new one counts as of notices until someone says otherwise."""
    files = {place for places in messages().values() for place in places if place.endswith(".py")}

    assert files - NOT_OF_NOTICES >= {"composer.py", "view.py", "changes.py", "formats.py"}
    assert {name for name in NOT_OF_NOTICES if not (editions.Path(editions.__file__).parent / name).exists()} == set()


def test_nothing_waits_when_everything_is_approved() -> None:
    """By kind and language of this release."""
    live = {(kind, locale): "x" for kind in kinds() for locale in available()}
    gone = live.pop((KIND, "ja"))

    assert gone
    assert waits(Live(live, frozenset())) == [(KIND, "ja")]


@pytest.mark.slow
def test_a_kind_of_each_family_can_be_previewed() -> None:
    """With the sample that says most, from what SQL keeps of it."""
    families = {path.split("/")[0]: kind for kind, path in kinds().items()}
    for kind in families.values():
        name = samples.best(kind)
        assert name, kind
        made = preview(
            on_disk(kind, "ar"), notice(name), "Example Exchange", "https://exchange.example", parts_of_digest() if name == "digest" else ()
        )
        assert made.subject
        assert made.sms
        assert made.length.segments <= 2


@pytest.mark.slow
def test_no_edition_misses_words() -> None:
    """The catalogue's mark is for what is being written."""
    assert [(edition.kind, edition.locale) for edition in every() if missing(edition)] == []


def test_missing_words_are_marked() -> None:
    """A text that reads as in English has not been translated."""
    here = on_disk(KIND, "de")
    gone = msgspec.structs.replace(here, texts={**here.texts, "New device.": "New device."})

    assert missing(gone) == ["New device."]
    assert missing(on_disk(KIND, "en")) == []


class Taken(Kept):
    """What a release took in."""

    def __init__(self, number: int = 0) -> None:
        super().__init__({})
        self.number, self.trees, self.released = number, set[str](), set[str]()

    def knows_tree(self, tree: str) -> bool:
        return tree in self.trees

    def take_in(self, tree: str, editions: Iterable[Edition], released: Callable[[Edition], bool], now: datetime) -> int:
        self.trees.add(tree)
        made = list(editions)
        self.released |= {one.name for one in made if released(one)}
        return len(made)


@pytest.fixture
def manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A manifest of the test's own, with two kinds in it."""
    path = tmp_path / "APPROVED"
    monkeypatch.setattr(editions, "MANIFEST", path)
    monkeypatch.setattr("notices.compose.intake.available", lambda: ("en",))
    monkeypatch.setattr("notices.compose.intake.kinds", lambda: {KIND: "", "trade_burst": ""})
    monkeypatch.setattr(editions, "every", lambda: iter([on_disk(KIND, "en"), on_disk("trade_burst", "en")]))
    editions._released.cache_clear()
    yield path
    editions._released.cache_clear()


def signed(path: Path, *kinds_signed: str) -> None:
    path.write_text("# a comment\n" + "".join(f"{kind} en {name_of(kind, 'en')[:24]}\n" for kind in kinds_signed))


def test_what_the_manifest_names_comes_approved_and_a_changed_template_does_not(manifest: Path) -> None:
    """Also in a database where nothing was decided yet. The tree is taken in once."""
    signed(manifest, KIND)
    store = Taken()
    taken = [take_in(store, "release"), take_in(store, "release")]

    assert taken == [2, 0]
    assert store.released == {name_of(KIND, "en")}


def test_a_tree_in_the_making_sends_what_it_says_where_nothing_was_decided(manifest: Path) -> None:
    """Without a manifest in a new database, all counts as approved; in an old one nothing does."""
    new, old = Taken(), Taken(number=9)
    take_in(new, "release")
    take_in(old, "release")

    assert len(new.released) == 2
    assert old.released == set()


def test_where_the_console_alone_approves_a_release_brings_drafts(manifest: Path) -> None:
    """Whatever its manifest says."""
    signed(manifest, KIND, "trade_burst")
    store = Taken()
    take_in(store, "console")

    assert store.released == set()


def test_a_manifest_of_shortened_names_approves_nothing(manifest: Path) -> None:
    """An empty or cut name would fit any edition."""
    manifest.write_text(f"{KIND} en {name_of(KIND, 'en')[:4]}\n")

    assert not editions.is_released(on_disk(KIND, "en"))
