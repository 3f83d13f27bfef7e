"""The library of tips (library.yml): what each is about, whom it is for, which notices it may stand in. Checked when it is read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache, lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import yaml
from msgspec import Meta

from domain.events.user import User

FILE = Path(__file__).parent / "library.yml"
PREFIX = "tip_"
REPORT = "tip_security_report"
"""The monthly notice about the security report: of the same class, and no tip of the library."""
NEW_FOR = timedelta(days=90)
"""How long an account counts as a newcomer's where the exchange doesn't say."""

Group = Literal["newcomer", "active", "vip"]
Product = Literal["api", "margin", "withdrawals", "never"]
EVERYONE: tuple[Group, ...] = ("newcomer", "active", "vip")


class Tip(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A row of the library; its words are notices/templates/tip/ID.jinja."""

    id: Annotated[str, Meta(pattern="^tip_[a-z_]{1,40}$")]
    topic: Literal["two-factor", "password", "devices", "fraud", "withdrawals", "api", "margin"]
    fits: Annotated[list[str], Meta(min_length=1)]
    audience: tuple[Group, ...] = EVERYONE
    uses: Product | None = None
    about: Literal["mfa", "whitelist", "code", "contacts", "keys"] | None = None

    def is_for(self, groups: frozenset[Group]) -> bool:
        """Whether it suits a reader of whom `groups` is known; of nobody known, it has to suit everyone."""
        return bool(groups & frozenset(self.audience)) if groups else set(self.audience) == set(EVERYONE)


class BrokenLibrary(ValueError):
    """library.yml isn't as it says of itself; the text says where."""


def load(file: Path = FILE) -> tuple[Tip, ...]:
    """The tips in `file`. Raises BrokenLibrary for a field that isn't right, and for two tips of one id."""
    try:
        tips = msgspec.convert(yaml.safe_load(file.read_text(encoding="utf-8")), tuple[Tip, ...])
    except (msgspec.ValidationError, yaml.YAMLError) as error:
        raise BrokenLibrary(f"{file.name}: {error}") from None
    ids = [tip.id for tip in tips]
    if twice := sorted({name for name in ids if ids.count(name) > 1}):
        raise BrokenLibrary(f"{file.name}: {', '.join(twice)}: stands there more than once")
    return tips


@cache
def library() -> tuple[Tip, ...]:
    """The library that comes along, read once."""
    return load()


def groups_of(user: User | None, now: datetime) -> frozenset[Group]:
    """What is known of a reader: newcomer or active, by the exchange's word or else by the account's age; and vip. Empty: nothing."""
    if user is None:
        return frozenset()
    found: set[Group] = {"vip"} if user.tier in ("vip", "institutional") else set()
    if user.experience:
        found.add(user.experience)
    elif user.created_at is not None:
        found.add("newcomer" if now - user.created_at < NEW_FOR else "active")
    return frozenset(found)


def fitting(kind: str, notice_id: str, user: User | None, now: datetime) -> str:
    """The id of the one tip that stands in a notice of `kind`; '' where none fits.

    The kind's own tips go before its family's. Among equals the
    notice's id decides: the same notice has the same tip on every channel and whenever it is composed, and the next one another.
    """
    if kind.startswith(PREFIX):
        return ""
    groups, settled = groups_of(user, now), _settled(user)
    wanted = [tip for tip in _of_kind(kind) if tip.is_for(groups) and tip.about not in settled]
    if len(wanted) < 2:
        return wanted[0].id if wanted else ""
    own = [tip for tip in wanted if kind in tip.fits] or wanted
    return own[spread(notice_id, len(own))].id


def spread(name: str, count: int) -> int:
    """A number in [0, count) by a name, evenly spread, the same everywhere."""
    return int.from_bytes(sha256(name.encode()).digest()[:6], "big") % count


@lru_cache(maxsize=1024)
def _of_kind(kind: str) -> Sequence[Tip]:
    return [tip for tip in library() if any(matches(pattern, kind) for pattern in tip.fits)]


def matches(pattern: str, kind: str) -> bool:
    """Whether `pattern`, a kind or how a family's kinds begin (`login_*`), names the kind."""
    return kind.startswith(pattern[:-1]) if pattern.endswith("*") else kind == pattern


def _settled(user: User | None) -> frozenset[str]:
    """Parts of the report that the directory says are in order."""
    if user is None:
        return frozenset()
    told = user.protection
    found = {
        "code": bool(user.anti_phishing_code),
        "mfa": told is not None and told.mfa in ("totp", "passkey"),
        "whitelist": told is not None and told.whitelist is True,
    }
    return frozenset(name for name, fine in found.items() if fine)
