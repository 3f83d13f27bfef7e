"""The gate between words and readers: what two people approved is sent, and nothing else.

Where the files here are not what was approved (someone changed a template, or the earlier edition was chosen again), the approved edition
that SQL keeps is used in their place. Where none of a language can be used, English is; where there is none either, the notice waits.
"""

from __future__ import annotations

import logging
from threading import Lock

from domain.wording import Edition, Live, Place, WordingStore
from notices.compose import catalogue
from notices.compose.catalogue import Words
from notices.compose.editions import name_of, words_of

log = logging.getLogger(__name__)

FALLBACK = catalogue.SOURCE
REASON = "approval"
"""Why a notice is in English: by `Rendered.locale_reason`."""


class Unapproved(LookupError):
    """No words of this kind are approved; the notice waits until some are."""


class Gate:
    """Thread-safe. It knows what was decided by the last `refresh`, which is cheap when nothing was."""

    def __init__(self, store: WordingStore):
        self._store = store
        self._live, self._seen = Live({}, frozenset()), 0
        self._chosen: dict[Place, Words | Unapproved | None] = {}
        self._lock = Lock()

    def refresh(self) -> bool:
        """Asks what was decided since; True when something was."""
        latest = self._store.latest()
        if latest == self._seen:
            return False
        live = self._store.live()
        with self._lock:
            self._seen, self._live, self._chosen = latest, live, {}
        return True

    def words(self, kind: str, locale: str) -> Words | None:
        """What may be sent: None for the words on disk. Raises Unapproved."""
        place = (kind, locale)
        with self._lock:
            if place not in self._chosen:
                self._chosen[place] = self._choose(kind, locale)
            found = self._chosen[place]
        if isinstance(found, Unapproved):
            raise found
        return found

    def _choose(self, kind: str, locale: str) -> Words | Unapproved | None:
        wanted = self._live.live.get((kind, locale))
        here = name_of(kind, locale)
        if wanted is None:
            return Unapproved(f"{kind} {locale}")
        if wanted == here:
            return None
        edition = self._store.load(wanted)
        if edition is not None and (words := usable(edition)) is not None:
            return words
        log.error("the approved words can't be used here: kind=%s locale=%s edition=%s", kind, locale, wanted[:8])
        return None if here in self._live.approved else Unapproved(f"{kind} {locale}")


def usable(edition: Edition) -> Words | None:
    """The edition's words when the code here can fill them; None where it can't: they are of another release."""
    from notices.compose.pseudo import filled  # it shows kinds by their templates, which need no gate

    words = words_of(edition)
    try:
        for asked in ("", "hold", "check", "step_up"):
            filled(edition.kind, words, asked)
    except Exception as error:  # whatever a template of another release does to this one's code
        log.warning("words of edition %s: %s", edition.name[:8], type(error).__name__)
        return None
    return words
