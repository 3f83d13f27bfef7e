"""The languages are whole, and the check that holds them so finds each kind of mistake."""

from __future__ import annotations

import shutil

import pytest

from domain.facts import FEATURES
from notices.compose import catalogue, locales
from notices.compose.reasons import SPOKEN, UNSPOKEN


@pytest.mark.slow
def test_every_language_is_whole():
    """`locales check` passes: every text, every placeholder, every text message."""
    assert [str(problem) for problem in locales.check()] == []


def test_every_language_that_is_promised_is_there():
    """Thirteen."""
    assert set(catalogue.available()) == {"en", "zh-CN", "zh-TW", "ja", "ko", "es", "fr", "de", "tr", "vi", "ru", "pt-BR", "ar"}


@pytest.mark.slow
def test_texts_are_collected_from_code_and_templates():
    """A text in either is a text to translate."""
    found = locales.messages()

    assert found["Sign-in to your account from a new device"] == ["login/login_new_device.jinja"]
    assert "why_transfer.py" in found["You have never sent to this address."]
    assert all(text.strip() == text for text in found)


def test_every_feature_has_words():
    """Or is left unsaid on purpose."""
    assert set(FEATURES) == SPOKEN | UNSPOKEN
    assert not SPOKEN & UNSPOKEN


@pytest.mark.slow
def test_collecting_again_changes_nothing(copy):
    """The catalogues in the repository are those that `make locales` writes."""
    before = {path: path.read_bytes() for path in copy.rglob("*.po*")}
    locales.extract()

    assert {path: path.read_bytes() for path in copy.rglob("*.po*")} == before


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """The catalogues, to be spoiled."""
    target = tmp_path / "locale"
    shutil.copytree(catalogue.LOCALE_DIR, target)
    monkeypatch.setattr(catalogue, "LOCALE_DIR", target)
    monkeypatch.setattr(locales, "LOCALE_DIR", target)
    monkeypatch.setattr(locales, "POT", target / "vigil.pot")
    caches = (catalogue.texts, catalogue.words, catalogue.available)
    for cache in caches:
        cache.cache_clear()
    yield target
    for cache in caches:
        cache.cache_clear()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "after", "wrong"),
    [
        ('msgstr "Neues Gerät."', 'msgstr ""', "not translated"),
        ('msgid "New device."', 'msgid "Old device."', "not translated"),
        ('msgid "New device."', 'msgid "Old device."', "no longer in use"),
        ('msgid "New device."', '#, fuzzy\nmsgid "New device."', "doubtful"),
        ('msgstr "Auszahlung: {amount}."', 'msgstr "Auszahlung: {betrag}."', "placeholders differ"),
        ('msgstr "Auszahlung: {amount}."', 'msgstr "Auszahlung."', "placeholders differ"),
        ('msgstr "Neues Gerät."', 'msgstr "New device."', "is the English text"),
        ('msgstr "Neues Gerät."', 'msgstr "' + "Gerät " * 20 + '"', "segments as a text message"),
        ('msgstr "Neues Gerät."', 'msgstr "Neuer Apparat."', "something else"),
    ],
)
def test_a_mistake_in_a_catalogue_is_found(copy, before, after, wrong):
    """Each says where, what is wrong and what to do."""
    file = copy / "de" / "LC_MESSAGES" / "vigil.po"
    spoiled = file.read_text().replace(before, after)
    assert spoiled != file.read_text()
    file.write_text(spoiled)

    problems = [problem for problem in locales.check(only=["de"]) if wrong in problem.wrong]
    assert problems
    assert all(problem.locale == "de" and problem.todo for problem in problems)


def test_a_doubtful_text_is_not_used(copy):
    """English stands in until someone has looked at it."""
    file = copy / "de" / "LC_MESSAGES" / "vigil.po"
    file.write_text(file.read_text().replace('msgid "New device."', '#, fuzzy\nmsgid "New device."'))

    assert catalogue.Words("de", catalogue.texts("de"))("New device.") == "New device."
