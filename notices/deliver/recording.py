"""A provider that keeps what it is given and can be told what to answer: for tests and for trying things out."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from domain.messages import Medium
from domain.ports import Rendered
from notices.deliver.outcome import Outcome, Sent
from notices.deliver.provider import Limits


class RecordingProvider:
    """Takes everything until told otherwise.

    `answers`: outcomes for the next tries, in turn; `always`: the outcome (or a function of the message) from then on. `hang()` lets tries
    wait until `go_on()`.
    """

    def __init__(self, medium: Medium = "email", name: str = "recording", limits: Limits | None = None):
        self.medium, self.name, self.limits = medium, name, limits or Limits(connections=4)
        self.tries: list[Rendered] = []
        self.taken: list[Rendered] = []
        self.answers: deque[Outcome] = deque()
        self.always: Outcome | Callable[[Rendered], Outcome] = Sent("recorded")
        self.answers_probes = True
        self.probes = 0
        self._gate = threading.Event()
        self._gate.set()

    def hang(self) -> None:
        self._gate.clear()

    def go_on(self) -> None:
        self._gate.set()

    def attempt(self, message: Rendered) -> Outcome:
        self.tries.append(message)
        self._gate.wait()
        try:
            outcome = self.answers.popleft()
        except IndexError:
            outcome = self.always(message) if callable(self.always) else self.always
        if isinstance(outcome, Sent):
            self.taken.append(message)
        return outcome

    def probe(self) -> bool:
        self.probes += 1
        return self.answers_probes

    def close(self) -> None: ...
