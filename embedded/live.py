"""What a look at the running stack shows: how much flows, which attacks began, who was told when and in which language."""

import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from embedded.exchange.world import DAY, Label

WINDOW = 5.0
"""Seconds over which events a second are counted."""
SHOWN = 9
TOLD = ("sent", "delivered")
UNKNOWN = "?"
"""In place of a language."""
CHANNELS = ("email", "sms", "inapp")
PLAIN_EVERY = 5.0


@dataclass
class Attack:
    """An attack of the simulated exchange as the board knows it; times of the wall clock."""

    kind: str
    user_id: str
    begun: float
    told_after: float | None = None
    """Seconds from the attack's first event to the first message taken by a mail server, gateway or inbox."""


class Board:
    """Counts what it is told; `lines` says it plainly, `picture` as a table. `language` gives a user's, for what names none itself."""

    def __init__(
        self, *, users: int = 0, truth: Mapping[str, Label] | None = None, surprises: Mapping[str, str] | None = None,
        language: Callable[[str], str | None] = lambda _: None, clock: Callable[[], float] = time.time,
    ):  # fmt: skip
        self.users, self.truth, self.surprises, self.language, self.clock = users, truth or {}, surprises or {}, language, clock
        self.events = 0
        self.watched_days = 0.0
        """Days of honest life that were published with surprises and all; `users` times this are the user-days."""
        self.counted_from = 0.0
        """Notices about earlier events (seconds since the epoch) are of the time of learning, or were counted by an earlier run."""
        self.attacks: dict[str, Attack] = {}
        self.messages: Counter[tuple[str, str]] = Counter()
        self.false_alarms = 0
        self.surprises_told = 0
        self._recent: deque[float] = deque()
        self._attack_of: dict[str, str] = {}
        self._user_of: dict[str, str] = {}
        self._told_at: dict[str, float] = {}
        self._languages: dict[str, str] = {}
        self._seen: set[str] = set()

    def event(self, event: Mapping[str, Any], label: Label | None) -> None:
        """A live event went out."""
        now = self.clock()
        self.events += 1
        self._recent.append(now)
        if label and label.attack_id not in self.attacks:
            self.attacks[label.attack_id] = Attack(label.attack, label.user_id, now)

    def notice(self, notice: Mapping[str, Any]) -> None:
        """A record of the topic `notices`."""
        if notice["notice_id"] in self._seen:
            return
        self._seen.add(notice["notice_id"])
        self._user_of[notice["notice_id"]] = notice["user_id"]
        cause = str(notice.get("group"))
        if label := self.truth.get(cause):
            self._attack_of[notice["notice_id"]] = label.attack_id
            self._match(notice["notice_id"])  # the mail may have been quicker than this record
        elif datetime.fromisoformat(notice["occurred_at"]).timestamp() < self.counted_from:
            return
        elif cause in self.surprises:
            self.surprises_told += 1
        elif notice["severity"] != "info":
            self.false_alarms += 1

    def mail(self, notice_id: str, language: str) -> None:
        """A mail came in, in this language."""
        self._languages[notice_id] = language
        self.messages["email", language or UNKNOWN] += 1
        self._told(notice_id)

    def text(self, notice_id: str) -> None:
        """An SMS came in."""
        self.messages["sms", self._language_of(notice_id)] += 1
        self._told(notice_id)

    def receipt(self, receipt: Mapping[str, Any]) -> None:
        """A record of the topic `receipts`; mails and texts are counted where they arrive, so here the inbox alone."""
        if receipt["channel"] == "inapp" and receipt["status"] in TOLD:
            self._user_of[receipt["notice_id"]] = receipt["user_id"]
            self.messages["inapp", self._language_of(receipt["notice_id"])] += 1
            self._told(receipt["notice_id"])

    @property
    def rate(self) -> float:
        """Live events a second, over the last few seconds."""
        now = self.clock()
        while self._recent and self._recent[0] < now - WINDOW:
            self._recent.popleft()
        return len(self._recent) / WINDOW

    @property
    def told(self) -> list[Attack]:
        """Attacks whose user has been told."""
        return [a for a in self.attacks.values() if a.told_after is not None]

    @property
    def alarms_per_1000(self) -> float | None:
        """False alarms per 1,000 users a day; None before there is anything to divide by."""
        return 1000 * self.false_alarms / (self.users * self.watched_days) if self.users and self.watched_days > 0 else None

    def live_for(self, seconds: float) -> None:
        """Life went on for so long."""
        self.watched_days += seconds / DAY

    def lines(self) -> str:
        """One line for a log."""
        told = sorted(a.told_after or 0.0 for a in self.told)
        parts = [f"{self.rate:.0f} events/s", f"{len(self.attacks)} attack{'s' if len(self.attacks) != 1 else ''}, {len(told)} told"]
        if told:
            parts.append(f"after {told[len(told) // 2]:.1f} s (median), {told[-1]:.1f} s (last of them)")
        sent = Counter[str]()
        for (channel, _), count in self.messages.items():
            sent[channel] += count
        languages = len({language for _, language in self.messages} - {UNKNOWN})
        parts.append("  ".join(f"{c} {sent[c]}" for c in CHANNELS) + f"  in {languages} language{'s' if languages != 1 else ''}")
        if (alarms := self.alarms_per_1000) is not None:
            parts.append(f"{alarms:.1f} false alarms per 1,000 users a day")
        return " | ".join(parts)

    def picture(self) -> Group:
        """For a terminal: figures, the last attacks, messages by channel and language."""
        alarms = self.alarms_per_1000
        head = Text.assemble(
            (f"{self.rate:.0f}", "bold"), " events/s    ", (f"{len(self.attacks)}", "bold"), " attacks begun    ",
            (f"{len(self.told)}", "bold"), " told to their users    ",
            ("-" if alarms is None else f"{alarms:.1f}", "bold"), " false alarms per 1,000 users a day    ",
            (f"{self.surprises_told}", "bold"), " honest surprises told",
        )  # fmt: skip
        return Group(head, Text(), self._attack_table(), Text(), self._message_table())

    def _attack_table(self) -> Table:
        table = Table("attack", "user", "language", "begun", "told after", box=None, pad_edge=False, header_style="dim")
        for attack in list(self.attacks.values())[: -SHOWN - 1 : -1]:
            after = f"{attack.told_after:.1f} s" if attack.told_after is not None else Text("...", style="yellow")
            clock = time.strftime("%H:%M:%S", time.localtime(attack.begun))
            table.add_row(attack.kind.replace("_", " "), attack.user_id, self.language(attack.user_id) or "", clock, after)
        return table

    def _message_table(self) -> Table:
        languages = sorted({language for _, language in self.messages})
        table = Table("messages", *languages, box=None, pad_edge=False, header_style="dim")
        for channel in CHANNELS:
            table.add_row(channel, *(str(self.messages[channel, language] or "") for language in languages))
        return table

    def _language_of(self, notice_id: str) -> str:
        return self._languages.get(notice_id) or self.language(self._user_of.get(notice_id, "")) or UNKNOWN

    def _told(self, notice_id: str) -> None:
        self._told_at.setdefault(notice_id, self.clock())
        self._match(notice_id)

    def _match(self, notice_id: str) -> None:
        attack, at = self.attacks.get(self._attack_of.get(notice_id, "")), self._told_at.get(notice_id)
        if attack and at is not None and attack.told_after is None:
            attack.told_after = at - attack.begun
