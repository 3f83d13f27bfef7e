"""A release can't be cut while its manifest doesn't name the words that it would send."""

from notices.compose.editions import unsigned


def test_the_manifest_names_the_words_as_they_are() -> None:
    """`make approved` writes it; reviewing its change is the sign-off. What differs would wait in every old database."""
    assert unsigned() == [], "words changed: `make approved`"
