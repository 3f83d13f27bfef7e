"""Keeping the languages whole: collecting the texts to translate, and checking every catalogue against them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from io import BytesIO
from pathlib import Path

import msgspec
from babel.messages.catalog import Catalog
from babel.messages.extract import extract as babel_extract
from babel.messages.pofile import read_po, write_po
from jinja2.ext import babel_extract as jinja_extract

from domain.checkcode import coded
from domain.locked import KIND as LOCKED
from notices.compose import changes, glossary, sms
from notices.compose.catalogue import LOCALE_DIR, PLACEHOLDER, SOURCE, available, po_file, texts, words
from notices.compose.templates import TEMPLATE_DIR, kinds, parts_of

POT = LOCALE_DIR / "vigil.pot"
SAME = "same as English"
"""A translator's comment on a text that really is the same in both languages."""

_CODE_DIR = Path(__file__).parent
_CODE = coded(0).replace("-", "")
_LONGEST_LINK = "https://exchange.example/n/".ljust(60, "x")
_LONGEST = {
    "brand": "Example Exchange", "amount": "1250000.123456 USDT", "time": "23:59", "device": "Samsung Internet on Android", "ratio": "90",
    "count": "25", "account": "isolated", "equity": "1,234,567.89 USD", "maintenance": "1,234,567.89 USD", "hours": "12 hours",
    "country": "United Arab Emirates", "place": "Abu Dhabi, United Arab Emirates", "mfa": "totp", "add": "1,234,567.89 USD", "cut": "0.123",
    "cut_market": "BTC-USDT-PERP", "concerns": "withdrawal", "role": "payer", "points": "100", "steps": ["x"], "case": "C-K7Q2-M9XD",
    "severity": "critical", "young": False, "gap": " ",
    "title": "T" * 140, "text": "x", "status": "update", "open_orders": True, "effect": "paused", "ticket_state": "waiting",
}  # fmt: skip
ASKS_NOTHING = ("margin", "service", "report", "digest", "tip", "announcement", LOCKED)
"""Families of kinds whose text messages have no link (config/notices.yaml: answerable)."""
_LETTERS = re.compile(r"[^\W\d_]{2,}")


class Problem(msgspec.Struct, frozen=True):
    """One thing to put right: where, what is wrong, what to do."""

    locale: str
    message: str
    wrong: str
    todo: str

    def __str__(self) -> str:
        return f"{self.locale}: {self.message[:60]!r}: {self.wrong}. {self.todo}"


def messages() -> dict[str, list[str]]:
    """Every English text in code and templates -> where it stands."""
    found: dict[str, list[str]] = {}
    for path in sorted(_CODE_DIR.glob("*.py")):
        with path.open("rb") as file:
            for entry in babel_extract("python", file, keywords={"_": None}):
                _collect(found, path.name, entry[1])
    for path in sorted(TEMPLATE_DIR.rglob("*.jinja")):
        where = path.relative_to(TEMPLATE_DIR).as_posix()
        for call in jinja_extract(BytesIO(path.read_bytes()), ["_"], [], {"silent": "false"}):
            _collect(found, where, call[2])
    return found


def _collect(found: dict[str, list[str]], where: str, text: object) -> None:
    if isinstance(text, tuple | list):
        text = next((part for part in text if isinstance(part, str)), "")
    if isinstance(text, str) and text and where not in found.setdefault(text, []):
        found[text].append(where)


def extract() -> list[Path]:
    """Writes notices/locale/vigil.pot and brings each catalogue up to it: new texts come in empty, removed ones go. Returns the files."""
    template = Catalog(domain="vigil", project="vigil", charset="utf-8", fuzzy=False)
    for text, places in messages().items():
        template.add(text, locations=[(place, 0) for place in places])
    written = [_write(POT, template)]
    for locale in available():
        if locale == SOURCE:
            continue
        with po_file(locale).open("rb") as file:
            catalog = read_po(file, locale=locale.replace("-", "_"))
        catalog.update(template, no_fuzzy_matching=True, update_header_comment=False)
        catalog.obsolete.clear()
        written.append(_write(po_file(locale), catalog))
    texts.cache_clear()
    words.cache_clear()
    return written


def _write(path: Path, catalog: Catalog) -> Path:
    buffer = BytesIO()
    write_po(buffer, catalog, width=120, omit_header=True, include_lineno=False, sort_output=False)
    head = f'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n"Language: {catalog.locale_identifier or ""}\\n"\n\n'
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(head.encode() + buffer.getvalue().lstrip(b"\n"))
    return path


def check_and_print() -> int:
    """`locales check`: each problem with what to do about it; exit status."""
    problems = check()
    for problem in problems:
        print(f"{problem.locale}: {problem.message!r}: {problem.wrong}. {problem.todo}")
    print(f"{len(available())} languages ({', '.join(available())}), {len(problems)} problems")
    return 1 if problems else 0


def check(only: Collection[str] = ()) -> list[Problem]:
    """What keeps a catalogue from being whole; [] when `locales check` passes. `only`: these languages, () for all."""
    wanted, table = messages(), glossary.load()
    problems: list[Problem] = list(_check_exceptions(table, wanted))
    for locale in only or available():
        if locale != SOURCE:
            problems += _check_catalogue(locale, wanted)
            problems += _check_glossary(locale, table)
        problems += _check_sms(locale)
    return problems


def _check_catalogue(locale: str, wanted: dict[str, list[str]]) -> Iterator[Problem]:
    with po_file(locale).open("rb") as file:
        catalog = read_po(file, locale=locale.replace("-", "_"))
    have = {str(m.id): m for m in catalog if m.id}
    for text, places in wanted.items():
        message = have.pop(text, None)
        if message is None or not message.string:
            yield Problem(locale, text, f"not translated (in {places[0]})", f"Run `make locales` and fill it in {po_file(locale)}")
            continue
        string = str(message.string)
        if message.fuzzy:
            yield Problem(locale, text, "marked as doubtful (fuzzy)", "Check the text, then take the mark away")
        if sorted(PLACEHOLDER.findall(text)) != sorted(PLACEHOLDER.findall(string)):
            names = ", ".join(PLACEHOLDER.findall(text)) or "none"
            yield Problem(locale, text, f"placeholders differ: {string!r}", f"Use each of these once, untranslated: {names}")
        if string == text and _LETTERS.search(PLACEHOLDER.sub("", text)) and SAME not in " ".join(message.user_comments):
            yield Problem(locale, text, "is the English text", f"Translate it, or comment it `# {SAME}`")
    for text in have:
        yield Problem(locale, text, "no longer in use", "Run `make locales`: it takes the text out")


def _check_sms(locale: str) -> Iterator[Problem]:
    """The shortest wording of each kind's text message fits with link, check code, and an anti-phishing code of 20 characters, whatever its
    script."""
    for kind in kinds():
        link = "" if kind.startswith(ASKS_NOTHING) else f" {_LONGEST_LINK}"
        try:
            wordings = _shortest(kind, locale)
        except KeyError:
            continue  # a placeholder that isn't there has been told of by now
        for wording in sorted(wordings):
            length = sms.measure(sms.plain(f"{wording}{link} #{_CODE} [{'码' * 20}]"))
            if length.segments > sms.MAX_SEGMENTS:
                over = length.units - 2 * 67
                yield Problem(
                    locale, wording, f"takes {length.segments} segments as a text message of {kind}", f"Shorten it by {over} characters"
                )


def _shortest(kind: str, locale: str) -> set[str]:
    """The last wording of the kind's text message, whatever was asked of the exchange, with and without an amount."""
    language = words(locale)
    amounts = [_LONGEST["amount"]] if kind.startswith("withdrawal_") else [_LONGEST["amount"], ""]
    said = {**_LONGEST, "_": language, "answerable": True, "change": changes.sentence("mfa_disabled", "", language)}
    return {
        parts_of(kind, {**said, "asked": asked, "amount": amount}).sms[-1]
        for asked in ("", "check", "step_up", "hold")
        for amount in amounts
    }


def _check_glossary(locale: str, table: glossary.Glossary) -> Iterator[Problem]:
    for english, translation in texts(locale).items():
        for term in glossary.strays(table, locale, english, translation):
            forms = ", ".join(term.forms[locale])
            yield Problem(
                locale, english, f"calls {term.english[0]!r} something else", f"Say one of: {forms}; or except it in {glossary.FILE.name}"
            )


def _check_exceptions(table: glossary.Glossary, wanted: Mapping[str, list[str]]) -> Iterator[Problem]:
    for locale, english, word in sorted(table.excepted):
        if (english != "*" and english not in wanted) or word not in {term.english[0] for term in table.terms}:
            yield Problem(locale, english, f"is excepted ({word}) for nothing", f"Take the line out of {glossary.FILE.name}")


__all__ = ["Problem", "check", "extract", "messages"]
