"""No mail of any kind in any language looks like spam to SpamAssassin's own rules, without asking the network."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from ledger.keys import Keyring
from notices.compose import Composer
from notices.compose.catalogue import available
from notices.passes import PASSES, Passes
from notices.unsubscribe import Links
from tests.conftest import absent
from tests.unit.notices.composing import CODES, EVERY, KINDS, compose
from tests.unit.notices.samples import notice, user

LIMIT = 2.0
"""Points; mail servers usually begin to mark at 5."""
SHARE = 1 if os.environ.get("VIGIL_TEST_EVERY_MAIL") else 3
"""Of how many kinds one is judged in each language but English, another third in the next language: a mail takes a fifth of a second, and
there are more than a thousand. With VIGIL_TEST_EVERY_MAIL=1 all are."""
JUDGE = Path(__file__).parents[2] / "support" / "spam_scores.pl"
KEYS = Keyring("k" * 32)
COMPOSER = Composer(
    "Example Exchange", "https://exchange.example", check_code=CODES.of, unsubscribe=Links(KEYS.box("unsubscribe")).token,
    feedback=Passes(KEYS.box(PASSES)).feedback,
)  # fmt: skip
"""With every link that a mail may have, as the product makes them."""
HEAD = b"From: Example Exchange <alerts@exchange.example>\r\n"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def judged(folder: Path, mails: dict[str, bytes]) -> dict[str, tuple[float, str]]:
    """Name -> points and rules, by one process for all of them."""
    if not shutil.which("spamassassin"):
        absent("SpamAssassin (Debian: spamassassin)")
    for name, mail in mails.items():
        (folder / name).write_bytes(HEAD + mail)
    paths = "".join(f"{folder / name}\n" for name in mails)
    done = subprocess.run(
        ["perl", JUDGE, folder / "state"], input=paths, capture_output=True, text=True, timeout=600, check=True
    )  # fmt: skip
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert len(rows) == len(mails), done.stderr
    return {Path(path).name: (float(points), rules) for path, points, rules in rows}


def mail_of(name: str, locale: str) -> bytes:
    rendered = compose(notice(name), user(locale=locale, region=None), COMPOSER, EVERY)
    return next(one.payload for one in rendered if one.channel == "email")


@pytest.mark.parametrize("locale", available())
def test_no_mail_looks_like_spam(tmp_path: Path, locale: str) -> None:
    """Far below where filters begin to doubt: every kind in English, and in some of the other languages."""
    some = list(KINDS) if locale == "en" else list(KINDS)[available().index(locale) % SHARE :: SHARE]
    found = judged(tmp_path, {name: mail_of(name, locale) for name in some})

    assert {name: said for name, said in found.items() if said[0] >= LIMIT} == {}


def test_what_is_spam_is_judged_so(tmp_path: Path) -> None:
    """The rules are run: a mail made for it is caught."""
    known = b"Subject: hello\r\nTo: a@b.example\r\n\r\nXJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X\r\n"

    assert judged(tmp_path, {"gtube": known})["gtube"][0] > 100
