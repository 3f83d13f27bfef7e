"""What reports of the same fraud have in common: hosts and hosts that look like them, addresses, senders, wording.

A mark is a short string; reports that share one belong together. Hosts are compared in four ways: as they are; by the name alone with
look-alike characters taken for what they look like (Unicode TR 39 calls it a skeleton; punycode is decoded first), hyphens and digits left
out; and by that name with any one character deleted, so that names one edit apart meet. Wording by min-hashing (Broder 1997) of runs of
four characters in one pass (Li, Owen and Zhang, NIPS 2012), whatever the language; texts that agree in about six tenths meet, more often
than not.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import urlsplit
from zlib import crc32

from detectors.campaign.places import HOSTING, MAIL, SECOND, SHARED
from domain.addresses import normal
from domain.events import Report
from domain.habits.login import fingerprint

MOST = 64
"""Marks of one report."""
HOSTS, ADDRESSES, SENDERS = 3, 8, 4
_TEXT = 4_000
"""Characters of a text that are compared."""
_SHORT = 60
"""Texts of fewer letters say too little."""
_RUN, _BINS, _ROWS = 4, 32, 4
_EMPTY = 1 << 32
_NAME = range(7, 25)
"""Lengths of names of which look-alikes one edit away are looked for: shorter ones are alike by chance."""
_LOOKALIKE = str.maketrans(
    {
        **dict(zip("аеорсхуіјѕԁһкмтвгпӏԛԝ", "aeopcxyijsdhkmtbrnlqw", strict=True)),
        **dict(zip("οανερτικυωη", "oaveptikuwn", strict=True)),
        **dict(zip("ɡɩıłøđħ", "giilodh", strict=True)),
        **dict(zip("0134578", "oleastb", strict=True)),
    }
)
_PAIRS = (("rn", "m"), ("vv", "w"), ("cl", "d"))


def of_report(event: Report) -> list[str]:
    """The marks of a report, the most telling first; at most MOST."""
    marks: dict[str, None] = {}
    for address in event.addresses[:ADDRESSES]:
        if address.strip():
            marks[of_address(address)] = None
    for where in _places(event):
        marks.update(dict.fromkeys(_of_host(where)))
    for sender in event.senders[:SENDERS]:
        if len(sender.strip()) >= 3:
            marks[f"s{fingerprint(sender.strip().lower()[:200]):x}"] = None
    for band in _bands(event.text):
        marks[band] = None
    return list(marks)[:MOST]


def of_address(address: str) -> str:
    """The mark of a blockchain address."""
    return _of_address(address[:200])


@lru_cache(maxsize=1_024)  # asked of a payment to read the sets, to score and to count it
def _of_address(address: str) -> str:
    return f"a{fingerprint(normal(address)):x}"


def host_of(url: str) -> str:
    """The host of a link, in Unicode and lower case, without `www.`; with the first part of the path where the pages of many are on one
    host. '' where there is none."""
    text = url.strip()[:500]
    try:
        parts = urlsplit(text if "://" in text else f"//{text}")
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        return ""
    labels = [_unicode(label) for label in unicodedata.normalize("NFKC", host).lower().split(".")]
    host = ".".join(labels[1:] if labels[0] == "www" and len(labels) > 2 else labels)
    if "." not in host or not re.fullmatch(r"[\w.:-]+", host):
        return ""
    if host in SHARED:
        first = next((part for part in parts.path.split("/") if part), "")
        return f"{host}/{first[:64].lower()}" if first else ""
    return host


def defanged(host: str) -> str:
    """As it can be shown without becoming a link: ASCII, `[.]` for the dots."""
    name, _, path = host.partition("/")
    try:
        ascii_ = name.encode("idna").decode()
    except UnicodeError:
        ascii_ = name.encode("ascii", "replace").decode()
    return (ascii_.replace(".", "[.]") + (f"/{path}" if path else ""))[:200]


def name_of(host: str) -> str:
    """The name that someone registered, without what is above and below: `okx-verify` of `login.okx-verify.co.uk`."""
    labels = host.partition("/")[0].split(".")
    if len(labels) > 2 and ".".join(labels[-2:]) in HOSTING:
        return labels[-3]
    if len(labels) > 2 and labels[-2] in SECOND and len(labels[-1]) == 2:
        return labels[-3]
    return labels[-2] if len(labels) > 1 else ""


def skeleton(name: str) -> str:
    """What a name looks like: accents, hyphens and trailing digits left out, characters that look like others taken for those."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", name.lower()) if not unicodedata.combining(c))
    plain = re.sub(r"\d+$", "", plain.replace("-", "").replace("_", "")).translate(_LOOKALIKE)
    for pair, single in _PAIRS:
        plain = plain.replace(pair, single)
    return plain


def _places(event: Report) -> Iterator[str]:
    """Hosts of the links, then those that senders wrote from; each once."""
    seen: set[str] = set()
    senders = (sender.rpartition("@")[2] for sender in event.senders if "@" in sender)
    for url in (*event.urls, *(domain for domain in senders if domain.strip().lower() not in MAIL)):
        host = host_of(url)
        if host and host not in seen:
            seen.add(host)
            yield host
            if len(seen) == HOSTS:
                return


def _of_host(host: str) -> Iterator[str]:
    yield f"h{fingerprint(host):x}"
    if "/" in host:
        return
    look = skeleton(name_of(host))
    if len(look) >= 5:
        yield f"l{fingerprint(look):x}"
    if len(look) in _NAME:
        yield f"n{fingerprint(look):x}"
        for at in range(len(look)):
            yield f"n{fingerprint(look[:at] + look[at + 1 :]):x}"


def _bands(text: str) -> Iterator[str]:
    """Wording: min-hashes of runs of characters, in bands of which one has to agree."""
    plain = "".join(c for c in unicodedata.normalize("NFKC", text[:_TEXT]).lower() if c.isalpha())
    wide = sum(c >= "\u2e80" for c in plain) * 2 > len(plain)  # a Chinese, Japanese or Korean character says as much as half a word
    if len(plain) < (_SHORT // 3 if wide else _SHORT):
        return
    run = 2 * (2 if wide else _RUN)
    bins = [_EMPTY] * _BINS
    data = plain.encode("utf-16-be", "surrogatepass")
    for at in range(0, len(data) - run + 1, 2):
        mixed = crc32(data[at : at + run]) * 0x9E3779B1 & 0xFFFFFFFF
        place = mixed >> 27
        bins[place] = min(bins[place], mixed)
    # An empty bin takes the next full one's (Shrivastava and Li, ICML 2014), with how far that was.
    full = [next((bins[(at + off) % _BINS], off) for off in range(_BINS) if bins[(at + off) % _BINS] != _EMPTY) for at in range(_BINS)]
    for number in range(0, _BINS, _ROWS):
        yield f"t{number:x}.{fingerprint(repr(full[number : number + _ROWS])):x}"


def _unicode(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return label[4:].encode("ascii").decode("punycode").lower()
    except UnicodeError:
        return label
