"""The same thing has the same name in every text of a language."""

from __future__ import annotations

import unicodedata

import pytest

from notices.compose import glossary
from notices.compose.catalogue import SOURCE, available, texts

TABLE = glossary.load()


def test_every_language_has_every_word():
    """A column for each language, a form for each term."""
    for term in TABLE.terms:
        assert set(term.forms) == set(available()) - {SOURCE}


@pytest.mark.parametrize("locale", sorted(set(available()) - {SOURCE}))
def test_every_language_keeps_to_its_words(locale):
    """Where English has a term, the translation has the glossary's word for it."""
    said = {english: [term.english[0] for term in glossary.strays(TABLE, locale, english, text)] for english, text in texts(locale).items()}

    assert {english: words for english, words in said.items() if words} == {}


@pytest.mark.parametrize(
    ("locale", "english", "translation", "word"),
    [
        ("zh-CN", "Withdrawal: {amount}.", "提现申请：{amount}。", "withdrawal"),
        ("zh-TW", "Your margin may soon reach liquidation", "您的保證金帳戶可能很快爆倉", "liquidated"),
        ("ja", "Device", "デバイス", "device"),
        ("de", "API key", "API-Token", "API key"),
        ("ru", "Your deposit is taking longer than usual", "Ваш депозит идёт дольше обычного", "deposit"),
    ],
)
def test_another_word_is_found(locale, english, translation, word):
    """Though it may be a good one elsewhere."""
    assert [term.english[0] for term in glossary.strays(TABLE, locale, english, translation)] == [word]


def test_a_placeholder_is_no_word():
    """`{account}` is a margin account's name, not the word account."""
    assert list(glossary.strays(TABLE, "de", "Hello {device}", "Hallo {device}")) == []


@pytest.mark.parametrize("line", ["| term | 词 |", "| term |  |  |", "## Exceptions\n\n- de `no text` (word)"])
def test_a_broken_line_is_named(tmp_path, line):
    """File and line of the mistake."""
    file = tmp_path / "GLOSSARY.md"
    file.write_text(f"| English | zh-CN | de |\n| --- | --- | --- |\n{line}\n", encoding="utf-8")

    with pytest.raises(glossary.BrokenGlossary, match=r"GLOSSARY\.md, line [35]"):
        glossary.load(file)


def test_an_exception_is_for_one_word_of_one_text_in_one_language(tmp_path):
    """It excuses nothing else."""
    file = tmp_path / "GLOSSARY.md"
    rows = "| English | de |\n| --- | --- |\n| device | Gerät |\n| account | Konto |\n"
    file.write_text(f"{rows}\n## Exceptions\n\n- de: `A device of the account` (device)\n", encoding="utf-8")
    table = glossary.load(file)

    assert [term.english[0] for term in glossary.strays(table, "de", "A device of the account", "Ein Ding")] == ["account"]
    assert [term.english[0] for term in glossary.strays(table, "de", "A device", "Ein Ding")] == ["device"]


@pytest.mark.parametrize(
    ("locale", "charset"),
    [("zh-CN", "gb2312"), ("zh-TW", "big5"), ("ja", "euc_jp"), ("ko", "euc_kr"), ("ru", "koi8_r"), ("tr", "iso8859_9"), ("vi", "cp1258")],
)
def test_a_language_is_written_in_its_own_letters(locale, charset):
    """No simplified character in a traditional text, none the other way round, no look-alike letter of another script."""
    form = "NFD" if locale == "vi" else "NFC"  # its code page has marks of their own
    letters = {c for text in texts(locale).values() for c in unicodedata.normalize(form, text) if not c.isascii() and c.isalpha()}

    assert {c for c in letters if not c.encode(charset, "ignore")} == set()
