"""Is this message from us? What a pasted message names: ids of notices, check codes, and where its links lead."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import NamedTuple
from urllib.parse import urlsplit

from domain.checkcode import CheckCodes, codes_in, read

LONGEST = 20_000
"""Characters of a message that are looked at; the codes of a long one stand at its end, so what is left out is the middle."""
MOST = 20
_UUID = re.compile(r"(?<![0-9A-Za-z])[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(?![0-9A-Za-z])")
_LINK = re.compile(r"(?i)\bh(?:tt|xx)ps?://([^\s/?#\\<>\"']+)")


class Named(NamedTuple):
    """What a message names: notice ids and codes as they may be ours, and hosts of its links that aren't ours."""

    ids: list[str]
    codes: list[str]
    elsewhere: list[str]


def named_in(text: str, public_url: str) -> Named:
    """What stands in a message, or in the field where someone typed an id or a code. Never raises, whatever the text holds."""
    if len(text) > LONGEST:
        text = text[: LONGEST // 2] + " " + text[-LONGEST // 2 :]
    ids = list(dict.fromkeys(match.group().lower() for match in _UUID.finditer(text)))[:MOST]
    bare = text.strip()
    if not ids and 0 < len(bare) <= 128 and not any(c.isspace() for c in bare):
        ids = [bare]
    rest = _UUID.sub(" ", text)
    typed = read(rest) if len(rest) <= 64 else None
    codes = [typed] if typed else codes_in(rest)
    ours = (urlsplit(public_url).hostname or "").lower()
    hosts = dict.fromkeys(_host(match[1]) for match in _LINK.finditer(text))
    return Named(ids, codes, [host for host in hosts if host and host != ours][:MOST])


def ours(named: Named, notice_ids: Collection[str], codes: CheckCodes) -> list[str]:
    """Those of a user's notices that the message names. Every one of them is looked at, whatever was asked: how long it takes says
    nothing of other users' notices, which aren't looked at."""
    by_id = set(named.ids)
    by_code = set(named.codes)
    return [name for name in notice_ids if (name in by_id) | (codes.of(name) in by_code)][:MOST]


def _host(authority: str) -> str:
    """The host that a browser would ask: what stands before an `@` is a name, not a host."""
    host = authority.rpartition("@")[2]
    return host.partition(":")[0].strip(".[]()").lower()[:253]
