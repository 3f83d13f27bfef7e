"""How likely a sign-in is somebody else's: a likelihood ratio over what it came with.

After Freeman, Jain, Duermuth, Biggio and Giacinto (Who are you? NDSS 2016), as built again by Wiefling, Joergensen, Thunem and Lo Iacono
(Pump up password security!, ACM TOPS 2022): for each trait the chance of its value under an attacker over that under the user, multiplied.
Three things differ from the plain product, which takes an attacker for a random other user:

- Traits are levels (country, network, block, address; device; system, browser, version, make), and each level is judged only where
  the level above it was the user's: a new country isn't held against a sign-in four times. A value is counted below the one above it.
- How often a value is new to its user is learned, from all users with as many sign-ins, and from the user: who signs in from another
  address each time (a phone) is not suspected for another one; who never did is. Networks are counted apart for phones and computers,
  releases of a browser by how many of the others have a newer one, and the next ones apart from those far ahead.
- Of what is known, what the last sign-in came with is likelier to come again than its share: how much, is learned too.
- An attacker knows something of the victim: with chance KNOWN the value is taken from the victim's own. So what is easy to learn or to
  guess (the country, the hour) speaks for the user only so far, and what is hard to come by (the device, the address) far more.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left as bisect
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from typing import Any

import msgspec

from detectors.base import Sighting
from detectors.models.logins import ALIKE, KINDS, LATER, NEWER, NEXT, OLDER, Judged, Logins, code_of
from domain.habits.login import fingerprint, network_key
from domain.habits.traits import (
    ABOVE,
    ADDRESS,
    AGENT,
    BLOCK,
    DEVICE,
    HOURS,
    LEVELS,
    NETWORK,
    PLACE,
    UNIT,
    VERSION,
    Traits,
)
from domain.place import Place

KNOWN = (0.5, 0.3, 0.05, 0.02, 0.01, 0.5, 0.4, 0.3, 0.2)
"""A level: how likely an attacker comes with a value of the victim's on purpose."""
KNOWN_HOUR = 0.5
LEAST_NEW = 0.1
"""How likely a value that an attacker doesn't take from the victim is another than the victim's, at least: he keeps his software new, and
what is counted of others lags behind."""
BASE = math.log(1e-3)
"""Log odds of an attack before anything is known of the sign-in."""
CLEAR = 3.0
"""Log odds from which a sign-in doesn't count towards how often values are new. Only clear attacks: leaving out what is merely odd would
make it odder still, honest people's news among it."""
OWN = 2.0 * UNIT
"""How many new values it takes until a user's own rate of them counts as much as everybody's."""
FEATURE = ("country", "network", "network", "network", "device", "browser", "browser", "browser", "browser")
FEATURES = ("country", "network", "device", "browser", "hour")
STANDS = 3 * 3600.0
MOST_OFF = 5.0
"""What is new, but was there before and waits to be learned, speaks for an attack as it did then, less the logarithm of 1 + the time that
nobody objected in STANDS; at most so many nats less. A clear attack never gets cheaper."""
OFTEN = 5
"""Sign-ins from an address from which it is a home."""
HOME = -6.0
"""About what a home says; a bound of what is worth telling apart."""
_KERNEL = (0.28, 0.2, 0.11, 0.05)
"""Weight of a sign-in at the same hour, and of those one, two and three hours away on either side."""
_BESIDE = tuple(enumerate(_KERNEL[1:], 1))
_HOUR_PRIOR = 4.0
_PHONES = frozenset({"iPhone", "iPad", "iPod", "Android"})
_AHEAD = (0.1, 0.4, 0.8)
_GAPS = (36 * 3600, 10 * 86_400, 45 * 86_400)
_NOTHING = Logins()
"""What is known of others where there is no model: nothing is ever counted in it."""

Path = tuple[int, ...]

_last: list[Any] = [None, None, None]
"""The sighting weighed last, by which traits, and the result."""


class Weighed(msgspec.Struct, frozen=True):
    """What the traits of a sign-in say."""

    logit: float
    """Log odds of an attack: BASE and the sum of `parts`."""
    parts: tuple[float, float, float, float, float]
    """Log likelihood ratios, attacker over user, by FEATURES."""
    levels: tuple[float, ...]
    """The same by level; 0 where a level wasn't judged."""
    sign_ins: int
    """Length of the history."""
    path: Path
    judged: Sequence[Judged]

    @property
    def risk(self) -> float:
        """In (0, 1); a probability where one sign-in in a thousand is an attack."""
        return 1.0 / (1.0 + math.exp(min(-self.logit, 700.0)))


def weigh(seen: Sighting, traits: Traits) -> Weighed:
    """Weighs a sign-in against what its account's sign-ins came with; changes nothing."""
    if _last[0] is seen and _last[1] is traits:
        remembered: Weighed = _last[2]
        return remembered  # the detector and the features both ask, and both then learn
    path, at, hours = path_of(seen), seen.event.at, traits.hours
    levels, hour, sign_ins = [0.0] * LEVELS, 0.0, sum(hours)
    judged: Sequence[Judged] = ()
    if sign_ins:
        # How long ago the last sign-in was, and whether the device is the user's (0), another (1) or not told (2).
        gap = bisect(_GAPS, at - traits.last_at)
        moving = gap + 4 if seen.agent.system in _PHONES else gap
        device = path[DEVICE]
        on_device = gap + (8 if device == _NO_DEVICE else 0 if device in traits.counts[DEVICE] else 4)
        circumstances = (moving, moving, moving, moving, gap, on_device, on_device, on_device, on_device)
        judged = _judge(levels, path, gap, circumstances, traits, _model(seen))
        if traits.waiting:
            _stood(levels, judged, path, traits, at)
        hour = _hour_ratio(int(at // 3600) % HOURS, hours, sign_ins)
    place, network, block, address, device_, system, browser, version, agent = levels
    parts = (place, network + block + address, device_, system + browser + version + agent, hour)
    weighed = Weighed(BASE + sum(parts), parts, tuple(levels), sign_ins, path, judged)
    _last[:] = seen, traits, weighed
    return weighed


def whence(seen: Sighting, traits: Traits) -> float:
    """Log likelihood ratio, attacker over user, of where something other than a sign-in is asked for: of country, network and device, as
    `weigh` has them, in less time. What a thief brings along with a stolen session speaks for nobody: a known device, the usual country.
    HOME for a known device at a known address."""
    path, counts = path_of(seen), traits.counts
    if not counts:
        return 0.0
    if path[ADDRESS] in counts[ADDRESS] and path[DEVICE] in counts[DEVICE]:
        return HOME
    at = seen.event.at
    gap = bisect(_GAPS, at - traits.last_at)
    moving = gap + 4 if seen.agent.system in _PHONES else gap
    levels = [0.0] * LEVELS
    judged = _judge(levels, path[: DEVICE + 1], gap, (moving, moving, moving, moving, gap), traits, _model(seen))
    if traits.waiting:
        _stood(levels, judged, path, traits, at)
    return max(levels[PLACE], 0.0) + levels[NETWORK] + levels[BLOCK] + levels[ADDRESS] + max(levels[DEVICE], 0.0)


def at_home(seen: Sighting, traits: Traits) -> bool:
    """Whether it comes from the very address (of a /64) that the user signs in from again and again, and no phone network's or exit's."""
    if not traits.counts or seen.place.mobile or seen.place.shared_exit:
        return False
    return traits.counts[ADDRESS].get(path_of(seen)[ADDRESS], 0) >= OFTEN


def count(seen: Sighting, traits: Traits) -> None:
    """What everybody's sign-ins are like, learned by their users or not: what is new and told of is still usual."""
    if seen.cohort is None:
        return
    model, weighed = _model(seen), weigh(seen, traits)
    path = weighed.path
    model.fade(seen.event.at)
    model.count_values(path)
    if weighed.logit >= CLEAR:
        return
    counted: Sequence[Judged] = weighed.judged
    if any(one[2] for one in counted):
        counted = []
        for one in weighed.judged:
            level, kind = one[0], one[2]
            if not kind or not traits.waits(level, path[level]):  # else it is no more new than before
                counted.append(one)
                if kind:
                    traits.wait(level, path[level], int(seen.event.at))
    model.count_levels(counted)


def learn(seen: Sighting, traits: Traits) -> None:
    """Takes the sign-in as the user's own."""
    weighed, at = weigh(seen, traits), seen.event.at
    _last[:] = None, None, None
    if weighed.judged:
        traits.surprised([(one[0], one[2] > 0, one[4]) for one in weighed.judged])
    traits.learn(weighed.path, int(at // 3600) % HOURS, int(at))


def path_of(seen: Sighting) -> Path:
    """A key for each level of domain.habits.traits; 0 where there is nothing to judge."""
    client, place, agent = seen.event.where, seen.place, seen.agent
    text = client.user_agent or ""
    return (
        *_network_path(client.ip or "", place.country, place.asn, place.shared_exit),
        _whole(client.device_id or "-"),
        *_agent_path(text if len(text) <= 512 else text[:512], agent.system, agent.browser, agent.version),
    )


def _judge(levels: list[float], path: Path, gap: int, circumstances: Path, traits: Traits, model: Logins) -> list[Judged]:
    """The levels to judge; puts the log likelihood ratio of each, attacker over user, given the values above, into `levels`."""
    judged: list[Judged] = []
    counted, novel, expected = traits.counts, traits.novel, traits.expected
    for level, key in enumerate(path):
        if not key:
            continue
        counts, above, circumstance = counted[level], ABOVE[level], circumstances[level]
        parent = 0 if above is None else path[above]
        if above is None:
            n = sum(counts.values())
        elif level == AGENT:  # older profiles hold none below the browser
            n = sum([counts[k] for k in _below(counts, key)])
        else:
            n = counted[above].get(parent, 0)
        if not n:
            continue
        own, code, ahead = counts.get(key, 0), code_of(level, n), (0.0, 0.0)
        if level == VERSION:
            ahead = model.ahead(max(_below(counts, key), default=0), parent)
            circumstance += 12 * bisect(_AHEAD, ahead[0] + ahead[1])
            rate = sum([model.novelty(level, n, code + kind, circumstance) for kind in KINDS])
        else:
            rate = model.novelty(level, n, code + NEWER, circumstance)
        multiple = (novel[level] + OWN) / (expected[level] + OWN) if novel else 1.0
        if not own:
            kind, new, mass = NEWER, rate, -1.0
            if level == VERSION:
                kind, mass = _release(key, counts, ahead)
                new = model.novelty(level, n, code + kind, circumstance)
            if mass < 0.0:
                mass = 1.0 - sum([model.share(level, k, parent, counts[k], n) for k in (_below(counts, key) if parent else counts)])
            attacker = (1 - KNOWN[level]) * min(max(mass, LEAST_NEW), 1.0)
            levels[level] = math.log(attacker / min(new * multiple, 0.9))
            judged.append((level, code, kind, circumstance, rate, -1.0, False))
        elif key == _NO_DEVICE:  # everybody can tell none
            judged.append((level, code, 0, circumstance, rate, -1.0, False))
        else:
            mine, share, last = own / n, -1.0, next(reversed(counts))
            if mine > 1.0:
                mine = 1.0
            if above is None or last >> 16 == key >> 16:
                again = model.repeats(level, gap)
                if last == key:
                    share, mine = mine, (1.0 - again) * mine + again
                else:
                    share, mine = min(counts[last] / n, 1.0), (1.0 - again) * mine
            others = ALIKE[level] or model.share(level, key, parent, own, n)
            known, usual = KNOWN[level], rate * multiple
            levels[level] = math.log((known * mine + (1 - known) * others) / ((1 - (usual if usual < 0.9 else 0.9)) * mine))
            judged.append((level, code, 0, circumstance, rate, share, last == key))
    return judged


def _release(key: int, counts: dict[int, int], ahead: tuple[float, float]) -> tuple[int, float]:
    """The kind of a release that is new to the user, and the part of the others who have one of that kind; -1 for an older one's."""
    newest = max(_below(counts, key), default=0)
    return (OLDER, -1.0) if key < newest else (NEWER, ahead[0]) if key <= newest + NEXT else (LATER, ahead[1])


def _stood(levels: list[float], judged: Sequence[Judged], path: Path, traits: Traits, at: float) -> None:
    """Takes off what is new and waits, where nothing joins that doesn't."""
    new = [one[0] for one in judged if one[2]]
    first = [traits.waits(level, path[level]) for level in new]
    if not new or not all(first):
        return
    against = [level for level in new if levels[level] > 0.0]
    whole = sum([levels[level] for level in against])
    off = min(math.log1p(max(at - max(first), 0.0) / STANDS), MOST_OFF)
    for level in against:
        levels[level] *= max(0.0, 1.0 - off / whole)


def _below(counts: dict[int, int], key: int) -> list[int]:
    """The user's values that stand below the same value above."""
    return [k for k in counts if k >> 16 == key >> 16]


def _hour_ratio(hour: int, hours: bytes, n: int) -> float:
    """Of the hour of the day; a circle."""
    near = _KERNEL[0] * hours[hour] + sum([w * (hours[(hour - d) % HOURS] + hours[(hour + d) % HOURS]) for d, w in _BESIDE])
    mine = (near + _HOUR_PRIOR / HOURS) / (n + _HOUR_PRIOR)
    return math.log((KNOWN_HOUR * mine + (1 - KNOWN_HOUR) / HOURS) / mine)


def _model(seen: Sighting) -> Logins:
    return _NOTHING if seen.cohort is None else seen.cohort.logins


@lru_cache(maxsize=16_384)
def _network_path(ip: str, country: str, asn: int, exits: bool) -> Path:
    if not ip or not network_key(Place(asn=asn), ip):
        return _whole("-"), 0, 0, 0
    wide, block, address = _parts(ip)
    place = _whole("~" if exits else country or "?")
    network = _under(place, f"{country if exits else ''}{asn or wide}")
    return place, network, (inner := _under(network, block)), _under(inner, address)


def _parts(ip: str) -> tuple[str, str, str]:
    """/16, /24, /32 of an IPv4 address; /32, /48, /64 of an IPv6 address: what lies below is one household's."""
    try:
        address = ip_address(ip.strip().partition("%")[0])
    except ValueError:
        return "?", "?", ip[:64]
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        whole = address.exploded
        return whole[:9], whole[:14], whole[:19]
    words = str(getattr(address, "ipv4_mapped", None) or address).split(".")
    return ".".join(words[:2]), ".".join(words[:3]), ".".join(words)


_NUMBERS = re.compile(r"(/|rv:|OS (?:X )?|NT |Android )v?(?:\d[\w.]*|\w+\.[\w.]*\d[\w.]*)")
"""Versions in a user agent: what is left without them is the make, which stays when the browser and the system are renewed."""


@lru_cache(maxsize=4_096)
def _agent_path(text: str, system: str, browser: str, version: str) -> Path:
    if not text:
        return _whole("-"), 0, 0, 0
    top = _whole(system or "?")
    family = _under(top, browser or "?")
    number = int(version) if version.isdigit() and len(version) <= 4 else None
    release = (family & 0xFFFF) << 16 | (number or 1) if number is not None else _under(family, version or "?")
    make = _NUMBERS.sub(r"\1", text)
    return top, family, release, _under(family, re.sub(rf"\b{re.escape(version)}\b", "", make) if version else make)


def _whole(text: str) -> int:
    return fingerprint(text) & 0xFFFF_FFFF or 1


def _under(above: int, text: str) -> int:
    return ((above & 0xFFFF) << 16 | (fingerprint(text) & 0xFFFF)) or 1


_NO_DEVICE = _whole("-")
