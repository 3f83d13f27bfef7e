"""Which language a user gets, to the letter of what is promised."""

from __future__ import annotations

import pytest

from domain.locale import direction, negotiate

ALL = ("en", "zh-CN", "zh-TW", "ja", "ko", "es", "fr", "de", "tr", "vi", "ru", "pt-BR", "ar")


@pytest.mark.parametrize(
    ("wanted", "region", "locale", "reason"),
    [
        ("en", None, "en", "user"),
        ("zh-TW", None, "zh-TW", "user"),
        ("zh_tw", None, "zh-TW", "user"),
        ("ZH-tw", None, "zh-TW", "user"),
        ("zh-HK", None, "zh-TW", "language"),
        ("zh-MO", "CN", "zh-TW", "language"),
        ("zh-Hant", None, "zh-TW", "language"),
        ("zh-Hant-SG", None, "zh-TW", "language"),
        ("zh", "TW", "zh-CN", "language"),
        ("zh-SG", None, "zh-CN", "language"),
        ("zh-Hans", None, "zh-CN", "language"),
        ("zh-Hans-HK", None, "zh-CN", "language"),
        ("pt", None, "pt-BR", "language"),
        ("pt-PT", None, "pt-BR", "language"),
        ("pt-BR", None, "pt-BR", "user"),
        ("es-419", None, "es", "language"),
        ("de-AT", None, "de", "language"),
        ("en-GB", "DE", "en", "language"),
        ("nl", "DE", "de", "region"),
        ("nl", "NL", "en", "default"),
        (None, "JP", "ja", "region"),
        (None, "hk", "zh-TW", "region"),
        (None, "MX", "es", "region"),
        (None, "EG", "ar", "region"),
        (None, "BR", "pt-BR", "region"),
        (None, "ZZ", "en", "default"),
        (None, None, "en", "default"),
        ("", "", "en", "default"),
        ("not a tag", "KR", "ko", "region"),
        ("x" * 4096, None, "en", "default"),
        ("en\r\nBcc: x", None, "en", "default"),
        ("../../etc", None, "en", "default"),
    ],
)
def test_the_language_is_found(wanted, region, locale, reason):
    """zh by script and region, pt-*, the language, the region's, English."""
    assert negotiate(wanted, region, ALL) == (locale, reason)


def test_a_language_without_a_catalogue_is_passed_over():
    """The region's language takes its place, then the operator's default, then English."""
    assert negotiate("de", "JP", ("en", "ja")) == ("ja", "region")
    assert negotiate("de", None, ("en", "ja"), "ja") == ("ja", "default")
    assert negotiate("de", None, ("en", "ja"), "xx") == ("en", "default")


@pytest.mark.parametrize(("locale", "way"), [("ar", "rtl"), ("en", "ltr"), ("zh-CN", "ltr")])
def test_arabic_runs_from_right_to_left(locale, way):
    """What a page's `dir` says."""
    assert direction(locale) == way
