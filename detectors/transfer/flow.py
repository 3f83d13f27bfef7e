"""How a transfer is counted once whatever its statuses, and what several detectors work out of it."""

from __future__ import annotations

from domain.events import Transfer
from domain.habits.login import fingerprint
from domain.habits.transfer import Flow, TransferHabits


def payee_key(event: Transfer) -> str:
    """The payee in one short string, for sets over many accounts; '' where there is none."""
    address, memo = event.payee
    name = f"{address} {memo}" if memo else address
    return name if len(name) <= 128 else str(fingerprint(name))


def payee_mark(event: Transfer) -> int:
    """What a transfer's payee is remembered by among the last ones."""
    return fingerprint(payee_key(event)) % 127 + 1


def share(event: Transfer) -> float | None:
    """Part of the balance that this one transfer takes, in [0, 1]; None where either isn't told."""
    part, whole = event.usd, event.balance
    return None if part is None or not whole else min(part / whole, 1.0)


def to_learn(event: Transfer, habits: TransferHabits) -> bool:
    """Whether this event is the one of its transfer to learn from: the first that was seen of it, unless the transfer came to nothing."""
    if not event.leaves or event.undone:
        return False
    flow = habits.flow(event.transfer_id)
    if flow is None:  # cleared so late that the transfer is forgotten
        return event.status == "requested"
    return not flow.undone and (flow.status or "requested") == event.status and flow.at == int(event.at)


def count(event: Transfer, habits: TransferHabits) -> None:
    """Remembers a transfer out when it is first seen, and that it came to nothing."""
    flow = habits.flow(event.transfer_id)
    if flow is None:
        whole = event.balance
        habits.note(
            Flow(
                fingerprint(event.transfer_id),
                int(event.at),
                _short(event.usd or 0.0),
                -1 if whole is None else _short(whole),
                "" if event.status == "requested" else event.status,
                event.undone,
                to=payee_mark(event),
            ),
            event.transfer_id,
        )
    elif event.undone:
        flow.undone = True
        habits.forget_answers()


def _short(usd: float) -> int | float:
    """Whole dollars where a fraction is no percent: most of a profile's bytes would be their decimals. Never up: below a limit is below."""
    return int(usd) if 100.0 <= usd < 1e15 else usd


def outflow(event: Transfer, habits: TransferHabits, window: float) -> tuple[int, float, float]:
    """Of the `window` seconds up to and with this transfer: transfers, USD that left, USD that there was to take (0: no balance was told).

    What there was is the highest balance told. Whether a balance is told less what has just been asked for differs between exchanges: the
    first is told before any of it, and a later one is higher only where a deposit came in between.
    """
    return habits.answered(event, window, lambda: _outflow(event, habits, window))


def _outflow(event: Transfer, habits: TransferHabits, window: float) -> tuple[int, float, float]:
    key, at = fingerprint(event.transfer_id), int(event.at)
    number, left, available = 1, event.usd or 0.0, event.balance or 0.0
    start = at - window
    for flow in reversed(habits.flows):
        if flow.at <= start:
            break
        if flow.at <= at and not flow.undone and flow.key != key:
            number += 1
            left += flow.usd
            available = max(available, flow.balance)
    return number, left, available
