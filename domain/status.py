"""What a worker process says of itself every few seconds, for the console's lamp and figures."""

from __future__ import annotations

import msgspec


class BudgetStanding(msgspec.Struct, frozen=True):
    """Where a family of detectors stands against its alert budget; rates: notices per 1,000 active users and day, over the last days."""

    family: str
    budget: float
    raised: float
    """What would be told without a budget."""
    told: float
    kept: bool
    calibrated: bool
    """False while too little was seen: nothing is held back."""


class Heartbeat(msgspec.Struct, frozen=True, kw_only=True):
    """Times are seconds since the epoch; rates are of the last interval."""

    worker: str
    """Host and process, e.g. `vm1-4711`."""
    role: str
    """`detect` or `notify`."""
    at: float
    events_per_second: float = 0.0
    lag_seconds: float = 0.0
    """Age of the oldest event not handled yet, worst partition; 0 when caught up."""
    lag_events: int = 0
    partitions: int = 0
    """Partition indexes that it owns."""
    committed_at: float | None = None
    """Last commit."""
    events: int = 0
    """Handled since the start."""
    findings: int = 0
    dead_letters: int = 0
    outbox: dict[str, int] = {}
    """Deliveries not final, by channel."""
    detector_errors: dict[str, int] = {}
    """Detector -> errors since the start."""
    budgets: list[BudgetStanding] = []
    """Of families that have one."""
    models: dict[str, int] = {}
    """Family -> number of the model that it judges by; none: rules and statistics alone."""
