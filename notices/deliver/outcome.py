"""What came of one try to hand a message to one provider: a value, never an exception."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec


class Sent(msgspec.Struct, frozen=True):
    """The provider took it. That is not arrival."""

    provider_id: str | None = None


class Delivered(msgspec.Struct, frozen=True):
    """It is where its reader finds it (the in-app inbox)."""

    provider_id: str | None = None


class Refused(msgspec.Struct, frozen=True):
    """The provider won't ever take this message for this recipient; asking another one is pointless or unwanted."""

    reason: str
    dead: bool = False
    """There is no such mailbox, whatever is sent there."""


class Unavailable(msgspec.Struct, frozen=True):
    """Not now, or not here: another provider may take it, and this one may later."""

    reason: str
    whole: bool = True
    """The provider as a whole is out of order; False where it only put this one recipient off."""
    pause: float = 0.0
    """Seconds for which the provider asked not to be asked again (Retry-After)."""


class Unsure(msgspec.Struct, frozen=True):
    """The provider answered, but not in a way that says whether it took the message. Another try would risk telling twice."""

    reason: str


Outcome = Sent | Delivered | Refused | Unavailable | Unsure

_STATUS = re.compile(r"(?<![\w.])([245])\.(\d{1,3})\.(\d{1,3})(?![\w]|\.\d)")
_NO_SUCH_MAILBOX = {"1.0", "1.1", "1.2", "1.3", "1.6", "1.10", "2.1"}
"""RFC 3463: subject and detail that speak of the address itself. A full mailbox (2.2) or a policy (7.x) is none of them."""
_ADDRESS = re.compile(r"\S*@\S*")
_LINK = re.compile(r"\S*://\S*")
_NUMBER = re.compile(r"\+?\d[\d ().-]{5,}\d")
LEAST_DIGITS = 7  # a phone number has more than a status with its enhanced code (550 5.1.1) has
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


def status_of(text: str) -> str:
    """The enhanced status code (RFC 3463) in a mail server's words, e.g. `5.1.1`; '' for none."""
    found = _STATUS.search(text)
    return ".".join(found.groups()) if found else ""


def is_dead(status: str) -> bool:
    """Whether an enhanced status code says that there is no such mailbox."""
    return status.startswith("5.") and status.removeprefix("5.") in _NO_SUCH_MAILBOX


def scrub(text: str, recipient: str, longest: int = 120) -> str:
    """A provider's words without the contact, which replies like to echo: fit for a receipt and a log."""
    text = _CONTROL.sub(" ", text)
    for part in sorted({recipient, *recipient.split("@")}, key=len, reverse=True):
        if len(part) > 1:
            text = re.sub(re.escape(part), "…", text, flags=re.IGNORECASE)
    for pattern in (_ADDRESS, _LINK):
        text = pattern.sub("…", text)
    text = _NUMBER.sub(lambda found: "…" if sum(c.isdigit() for c in found.group()) >= LEAST_DIGITS else found.group(), text)
    text = " ".join(text.split())
    return text if len(text) <= longest else text[: longest - 1] + "…"


def in_words(reasons: Sequence[tuple[str, str]]) -> str:
    """Why no provider took it: `SMTP 451 busy`, or with several providers `mailto: SMTP 451 busy; mailto-2: ...`."""
    last = {name: reason or "out of order" for name, reason in reasons}
    if len(last) <= 1:
        return next(iter(last.values()), "no provider takes messages now")
    return "; ".join(f"{name}: {reason}" for name, reason in last.items())
