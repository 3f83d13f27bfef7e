"""The notice desk: users into the directory, findings and notices into SQL, and each new notice composed into the outbox.

Synchronous, and called in a thread: composition takes about a millisecond a message and SQL waits for the disk. Everything here may be done
twice: users overwrite, findings and notices are known by their ids. Whatever raises Unavailable may be called again.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, Protocol

import msgspec
import structlog

from domain.decode import Rejected, decode_user
from domain.events.user import User
from domain.ids import delivery_id
from domain.messages import Finding, Medium, Notice
from domain.policy_rules import Rules
from domain.ports import Delivery, Rendered, Token, Transaction, Unavailable, Unsent, Waiting
from domain.substitute import substitute
from notices.compose import Composer, Reader, Recipient, missing, recipients, slots
from notices.compose.approval import Unapproved
from notices.compose.recipients import CURRENT, manager_copy
from notices.digest import digest_notice
from notices.lateness import too_late
from notices.notes import notes, unusable
from notices.preferences import is_optional, way
from notices.refused import wanted
from notices.threads import replaced
from streams.letters import where
from streams.records import Item

log = structlog.get_logger(__name__)

UNIT = 100
"""Notices a transaction: large enough to share one flush of the disk, small enough that the first is sent while the last is composed."""
AT_ONCE = 200
THREAD_KEPT = timedelta(days=7)
"""How old the mail may be that a further one of its thread answers."""
UNAPPROVED = "its words wait for approval"

_FINDING = msgspec.json.Decoder(Finding)
_NOTICE = msgspec.json.Decoder(Notice)

Bad = list[tuple[Item, Rejected]]


class Handover(Protocol):
    """A sender in this process, which takes new deliveries without looking for them (notices.deliver.sender.Sender)."""

    owner: str
    lease: float

    def reserve(self, wanted: Mapping[Medium, int]) -> dict[Medium, int]: ...

    def hand(self, rows: Sequence[Delivery], granted: Mapping[Medium, int]) -> None: ...


class Desk:
    """`wake()` is called when the outbox has new rows; `forget(user_id)` when a user is erased, for what else is kept of him."""

    def __init__(
        self,
        store: Any,
        directory: Any,
        composer: Composer,
        *,
        late_after: float,
        contact_wait: float,
        answer_ttl: float,
        digest_after: float = 3600.0,
        rules: Rules | None = None,
        wake: Callable[[], None] = lambda: None,
        sender: Handover | None = None,
        forget: Callable[[str], None] = lambda user_id: None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ):
        self.store, self.directory, self.composer = store, directory, composer
        self.late_after, self.contact_wait = timedelta(seconds=late_after), timedelta(seconds=contact_wait)
        self.answer_ttl, self.digest_after = timedelta(seconds=answer_ttl), timedelta(seconds=digest_after)
        self.wake, self.sender, self.forget, self.now = wake, sender, forget, now
        self.rules = rules or Rules()

    # -- the topic users

    def take_users(self, items: Sequence[Item]) -> Bad:
        """Records of `users`, in their order; null erases. Returns those that can't be taken."""
        bad: Bad = []
        latest: dict[str, User] = {}
        gone: list[str] = []
        for item in items:
            try:
                if item.value is None:
                    gone.append(erased(item))
                    latest.pop(gone[-1], None)
                    continue
                if item.passed:
                    continue
                if item.rejected is not None:
                    raise item.rejected
                user, fields = decode_user(item.key, item.body or b"")
            except Rejected as rejected:
                bad.append((item, rejected))
                continue
            if fields := fields + unusable(user):
                log.warning("fields of a user fell back to their defaults", fields=fields, partition=item.partition, offset=item.offset)
            latest[user.user_id] = user
        for name in dict.fromkeys(gone):  # also who was written again since: what was kept of him before is to go
            self.directory.erase(name)
            self.store.erase(name, "users: null", self.now())
            self.forget(name)
        self.directory.put_many(latest.values())
        if latest:
            self.store.hasten_waiting(list(latest))
        return bad

    # -- the topics findings and notices

    def take(self, items: Sequence[Item]) -> Bad:
        """Records of `findings` and `notices`. Returns those that can't be taken."""
        bad: Bad = []
        findings: list[Finding] = []
        notices: list[Notice] = []
        for item in items:
            try:
                (findings if item.topic == "findings" else notices).append(_decoded(item))  # type: ignore[arg-type]
            except Rejected as rejected:
                bad.append((item, rejected))
        for start in range(0, max(1, len(notices)), UNIT):
            self._write(findings if start == 0 else [], notices[start : start + UNIT])
        return bad

    def _write(self, findings: Sequence[Finding], notices: Sequence[Notice]) -> None:
        if not findings and not notices:
            return
        known = self.store.known_notices([notice.notice_id for notice in notices]) if notices else set()
        fresh = {notice.notice_id: notice for notice in notices if notice.notice_id not in known}
        users = self.directory.get_many(sorted({notice.user_id for notice in fresh.values()})) if fresh else {}
        now = self.now()
        starts = self._starts(fresh.values(), now)
        rendered: list[Rendered] = []
        granted: dict[Medium, int] = {}
        leased: set[str] = set()
        try:
            with self.store.transaction(now) as transaction:
                transaction.add_findings(findings)
                superseded = _supersede(transaction, fresh.values())
                for notice in fresh.values():
                    if by := superseded.get(notice.notice_id):
                        gone = [Unsent(channel, "suppressed", by) for channel in dict.fromkeys([*notice.channels, *notice.digest])]
                        transaction.add_notice(msgspec.structs.replace(notice, digest=[]), unsent=gone)
                        continue
                    if not notice.channels and not notice.digest and notice.thread:
                        continue  # it only ends the thread
                    rendered += self._add(transaction, notice, users.get(notice.user_id), now, after=starts)
                if self.sender is not None and rendered:
                    granted = self.sender.reserve(Counter(one.channel for one in rendered))
                    transaction.lease(self.sender.owner, now + timedelta(seconds=self.sender.lease), granted)
            leased = transaction.leased
        finally:
            if self.sender is not None:
                self.sender.hand([_fresh(one, now) for one in rendered if one.delivery_id in leased], granted)
        if len(leased) < len(rendered):
            self.wake()

    def _add(
        self, transaction: Transaction, notice: Notice, user: User | None, now: datetime, parts: Sequence[Notice] = (),
        after: Mapping[tuple[str, str], str] = MappingProxyType({}),
    ) -> Sequence[Rendered]:  # fmt: skip
        """Adds the notice; what of it is queued."""
        if reason := too_late(notice, now, self.late_after):
            gone = [Unsent(channel, "expired", reason) for channel in dict.fromkeys([*notice.channels, *notice.digest])]
            transaction.add_notice(msgspec.structs.replace(notice, digest=[]), unsent=gone)
            return ()
        told = way(self._wanted(notice, user), user, now, self.rules)
        notice = told.notice
        to = [*recipients(notice, user, now), *manager_copy(notice, user, self.rules.managers)]
        tokens = {slot: secrets.token_urlsafe(16) for slot in slots(notice, to)}
        rendered = self._composed(notice, user, tokens, now, parts=parts, to=to, after=after)
        waiting = missing(notice, to)
        unsent = []
        until, said = now + self.contact_wait, notes(notice, user, self.composer.default_locale)
        if rendered is None and not self._may_be_told([notice, *parts], user):
            # Not lost: it goes out as soon as words are approved, to everyone that it would have gone to now.
            waiting = list(dict.fromkeys([*notice.channels, *(one.channel for one in to)]))
            until, said = now + self.late_after, [*said, UNAPPROVED]
        elif rendered is None:
            unsent = [Unsent(channel, "failed", "could not be composed") for channel in notice.channels]
            waiting = []
        held = {one.delivery_id for one in rendered or () if one.slot == CURRENT and one.channel in told.held}
        transaction.add_notice(
            notice,
            rendered or (),
            statuses=dict.fromkeys(held, ("queued", told.reason)),
            held={name: told.until for name in held if told.until},
            notes=said,
            unsent=unsent,
            tokens=[Token(token, slot) for slot, token in tokens.items()],
            answer_locale=rendered[0].locale if rendered else self.composer.default_locale,
            answer_until=now + self.answer_ttl,
            waiting=waiting,
            waiting_until=until,
            waiting_why="words" if UNAPPROVED in said else "contact",
            digest_due=told.digest_due or max(now + timedelta(seconds=60), notice.occurred_at + self.digest_after),
        )
        return [one for one in rendered or () if one.delivery_id not in held]

    def _wanted(self, notice: Notice, user: User | None) -> Notice:
        """Without the channels on which tips and announcements are refused."""
        if not is_optional(notice.kind):
            return notice
        callbacks, name = self.store.callbacks, notice.user_id
        return wanted(notice, user, callbacks.unwanted(name), lambda channel, contact: callbacks.contact_bounced(name, channel, contact))

    def _composed(
        self, notice: Notice, user: User | None, tokens: dict[str, str], now: datetime, *,
        parts: Sequence[Notice] = (), channels: Collection[Medium] | None = None, to: Sequence[Recipient] | None = None,
        after: Mapping[tuple[str, str], str] = MappingProxyType({}),
    ) -> list[Rendered] | None:  # fmt: skip
        """None when it can't be composed. What is odd in a user's record must not keep him from being told: then without it."""
        first = after.get((notice.user_id, notice.thread), "")
        first = "" if first == notice.notice_id else first
        if not self._may_be_told([notice, *parts], user):
            return None
        plain = None if user is None else User(user_id=user.user_id, email=user.email, phone=user.phone, region=user.region)
        for reader in (user, plain):
            try:
                return self.composer.compose(notice, reader, tokens, now, parts, channels, now + self.answer_ttl, to, first)
            except Exception as error:
                log.error("not composed", notice_id=notice.notice_id, kind=notice.kind, error=type(error).__name__, plainly=reader is plain)
        return None

    def _may_be_told(self, notices: Sequence[Notice], user: User | None) -> bool:
        """Whether there are approved words for each."""
        reader = Reader.of(user, self.composer.default_locale, self.composer.gate)
        try:
            for notice in notices:
                reader.of_kind(notice.kind)
        except Unapproved:
            return False
        return True

    def _starts(self, told: Collection[Notice], now: datetime) -> dict[tuple[str, str], str]:
        """The mails that the notices' threads began with."""
        threads = {(one.user_id, one.thread) for one in told if one.thread}
        return self.store.thread_starts(threads, now - THREAD_KEPT) if threads else {}

    # -- what waits

    def tend(self) -> None:
        """Once a second: words that were approved, contacts that came, channels that take another's place, digests whose time has come."""
        if self.composer.gate is not None:
            self.composer.gate.refresh()
        for _ in range(5):
            due = self.store.waiting(self.now(), AT_ONCE)
            if due:
                self._take_up(due)
            if len(due) < AT_ONCE:
                break
        self._digest()

    def _take_up(self, due: Sequence[Waiting]) -> None:
        users = self.directory.get_many(sorted({waiting.notice.user_id for waiting in due}))
        now = self.now()
        written = 0
        with self.store.transaction(now) as transaction:
            for waiting in due:
                try:
                    written += self._take_up_one(transaction, waiting, users.get(waiting.notice.user_id), now)
                except Unavailable:
                    raise
                except Exception as error:  # one must not keep the others waiting
                    log.error("what waits can't be taken up", notice_id=waiting.notice.notice_id, error=where(error))
                    if now >= waiting.until:
                        transaction.give_up(waiting, "could not be composed")
        if written:
            self.wake()

    def _take_up_one(self, transaction: Transaction, waiting: Waiting, user: User | None, now: datetime) -> bool:
        if reason := too_late(waiting.notice, now, self.late_after):
            transaction.give_up(waiting, reason, status="expired")
            return False
        alone = self._wanted(msgspec.structs.replace(waiting.notice, channels=[waiting.channel], digest=[], suppressed={}), user)
        told = way(alone, user, now, self.rules, may_digest=False)
        notice = told.notice
        if reason := notice.suppressed.get(waiting.channel):
            transaction.give_up(waiting, reason, status="suppressed")
            return False
        parts = list(self.store.notices(notice.parts).values()) if notice.parts else []
        if not self._may_be_told([notice, *parts], user):
            if now >= waiting.until:
                transaction.give_up(waiting, UNAPPROVED, status="expired")
            return False
        held = (told.until, told.reason) if told.until and told.reason and waiting.channel in told.held else None
        if waiting.why == "words":
            return self._approved_now(transaction, waiting, user, now, held)
        if missing(notice, recipients(notice, user, now)):
            if now >= waiting.until:
                transaction.give_up(waiting, "no contact", substitute(waiting.channel, notice.kind))
            return False
        to = [one for one in recipients(notice, user, now) if one.channel == waiting.channel and one.slot == CURRENT]
        to += self._named_late(waiting, user, now)
        tokens = {slot: secrets.token_urlsafe(16) for slot in slots(notice, to)}
        rendered = self._composed(notice, user, tokens, now, parts=parts, to=to, after=self._starts([notice], now))
        if not rendered:
            transaction.give_up(waiting, "could not be composed")
            return False
        transaction.add_rendering(waiting, rendered, [Token(token, slot) for slot, token in tokens.items()], held)
        return held is None

    def _named_late(self, waiting: Waiting, user: User | None, now: datetime) -> list[Recipient]:
        """Replaced contacts that the user's record names, where that came after the notice: those that the event named were told at once.
        Each in the turn of its channel, or of the notice's first where the notice doesn't use its channel."""
        notice = waiting.notice
        if waiting.why != "contact":
            return []
        first = next((channel for channel in notice.channels if channel != "inapp"), waiting.channel)
        old = [one for one in recipients(notice, user, now) if one.slot != CURRENT]
        mine = [one for one in old if waiting.channel == (one.channel if one.channel in notice.channels else first)]
        told = self.store.delivery_ids(notice.notice_id) if mine else set()
        return [one for one in mine if delivery_id(notice.notice_id, one.channel, one.slot) not in told]

    def _approved_now(
        self, transaction: Transaction, waiting: Waiting, user: User | None, now: datetime, held: tuple[datetime, str] | None
    ) -> bool:
        """What waited for its words goes to each contact on the channel, replaced ones too; the user's own contact may still be missing,
        and is waited for no longer."""
        notice = waiting.notice
        to = [one for one in recipients(notice, user, now) if one.channel == waiting.channel]
        if not to:
            transaction.give_up(waiting, "no contact")
            return False
        tokens = {slot: secrets.token_urlsafe(16) for slot in slots(notice, to)}
        parts = list(self.store.notices(notice.parts).values()) if notice.parts else []
        rendered = self._composed(notice, user, tokens, now, parts=parts, to=to, after=self._starts([notice], now))
        if not rendered:
            transaction.give_up(waiting, "could not be composed")
            return False
        transaction.add_rendering(waiting, rendered, [Token(token, slot) for slot, token in tokens.items()], held)
        return held is None

    def _digest(self) -> None:
        now = self.now()
        due = self.store.digests(now)
        if not due:
            return
        users = self.directory.get_many(sorted({one.user_id for one in due}))
        with self.store.transaction(now) as transaction:
            for one in due:
                notice = digest_notice(one.user_id, one.notices, now)
                try:
                    self._add(transaction, notice, users.get(one.user_id), now, one.notices)
                except Unavailable:
                    raise
                except Exception as error:
                    log.error("a digest can't be made", notice_id=notice.notice_id, error=where(error))
                    continue
                transaction.put_bus("notices", one.user_id, msgspec.json.encode(notice))
        self.wake()


def _supersede(transaction: Transaction, fresh: Collection[Notice]) -> dict[str, str]:
    """Ends what older notices of the threads have not sent; id -> reason of those among `fresh` whose place another one takes."""
    over: dict[str, str] = {}
    for last, reason, older in replaced(fresh):
        transaction.supersede(last.user_id, last.thread, last.occurred_at, last.notice_id, reason)
        over |= dict.fromkeys(older, reason)
    return over


def _fresh(rendered: Rendered, now: datetime) -> Delivery:
    return Delivery(rendered=rendered, status="queued", attempt=0, created_at=now, due_at=now)


def erased(item: Item) -> str:
    """The user whom a null in `users` names. Raises Rejected when the key says no name."""
    try:
        name = (item.key or b"").decode()
    except UnicodeDecodeError:
        name = ""
    if not 1 <= len(name) <= 128:
        raise Rejected("the key is not a user_id", "key")
    return name


def _decoded(item: Item) -> Finding | Notice:
    try:
        return (_FINDING if item.topic == "findings" else _NOTICE).decode(item.value or b"")
    except msgspec.MsgspecError as error:
        raise Rejected(f"not a record of {item.topic}: {error}"[:500]) from None
