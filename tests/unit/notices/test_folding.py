"""Templates worked out beforehand say what they would have said when worked out each time."""

from quopri import decodestring

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from notices.compose.catalogue import Words
from notices.compose.folding import Folded, encoded, skeleton

LAYOUT = "<p>{{ t.why }}: {{ what }}</p>\n{% for one in many %}<li>{{ one }}</li>\n{% endfor %}{% if last %}{{ last }}{% endif %}.\n.end = {{ ' ' }}\n"
PLAIN = LAYOUT.replace("t.why", "why")


def said(words: Words, text: str, **values: object) -> str:
    """The template `text` in these words."""
    return Folded(words, jinja2.DictLoader({"a": text})).get_template("a").render(values)


@given(st.text(max_size=200), st.lists(st.text(max_size=90), max_size=3), st.text(max_size=30), st.text(max_size=30))
def test_what_is_encoded_piece_by_piece_reads_as_the_whole(what, many, last, why):
    """Any text in any place: decoded, the part is the layout filled and escaped, with CRLF line ends; no line is longer than 76."""
    values = {"what": what, "many": many, "last": last}
    made = skeleton(LAYOUT, markup=True, fixed={"why": why}).render(values)
    whole = jinja2.Environment(autoescape=True).from_string(PLAIN).render(values, why=why)

    expected = whole.replace("\r\n", "\n").replace("\n", "\r\n").encode("utf-8", "replace")
    assert decodestring(made.encode("ascii")) == expected
    assert all(len(line) <= 76 for line in made.split("\r\n"))
    assert "\n" not in made.replace("\r\n", "")


@given(st.text(max_size=300))
def test_a_piece_comes_back_as_it_was(text):
    """Spaces at its end, dots and equal signs included."""
    expected = text.replace("\r\n", "\n").replace("\n", "\r\n").encode("utf-8", "replace")
    assert decodestring(encoded(text).encode("ascii")) == expected


def test_the_text_part_is_not_escaped():
    """A name with an ampersand is one in plain text and an entity in HTML."""
    assert decodestring(skeleton("{{ what }}", markup=False, fixed={}).render(what="A&B")) == b"A&B"
    assert decodestring(skeleton("{{ what }}", markup=True, fixed={}).render(what="A&B")) == b"A&amp;B"


def test_a_text_is_translated_in_the_template_itself():
    """Placeholders take their values wherever the translation puts them, nested texts too."""
    words = Words("de", {"{a} of {b}": "{b}: {a}", "new": "neu"})
    assert said(words, '{{ _("{a} of {b}", a=x, b=_("new")) }}', x=3) == "neu: 3"
    assert said(words, '{{ _("unknown {a}", a=x) }}', x="y") == "unknown y"


def test_values_stay_apart_from_text_that_runs_the_other_way():
    """Isolated in a right-to-left language, as Words itself does."""
    words = Words("ar", {"to {a}": "إلى {a}"}, isolate=True)
    assert said(words, '{{ _("to {a}", a=x) }}', x="b") == words("to {a}", a="b") == "إلى \u2068b\u2069"


def test_what_is_missing_stops_the_message():
    """A placeholder without a value when the template is compiled, a name without one when it is filled."""
    with pytest.raises(KeyError):
        said(Words("en", {}), '{{ _("{a}") }}')
    with pytest.raises(jinja2.UndefinedError):
        said(Words("en", {}), '{{ _("{a}", a=nothing) }}')
    with pytest.raises(jinja2.UndefinedError):
        skeleton("{{ nothing }}", markup=True, fixed={}).render()
