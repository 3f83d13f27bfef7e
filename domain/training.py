"""What the trainer says of the models: written with all else it keeps, read by the console."""

from __future__ import annotations

import msgspec


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How a model did on truths that it had not learned yet, old ones fading."""

    loss: float
    """Log loss in nats a truth; 0 before the first."""
    precision: float | None
    """Average precision, in [0, 1]; None without frauds among the last truths."""
    pace: float
    """Its rate of learning."""


class ModelReport(msgspec.Struct, frozen=True, kw_only=True):
    """One family. Times are seconds since the epoch."""

    family: str
    number: int
    """Of the version that was published last; 0: none yet."""
    learned_until: float
    """Event time."""
    published_at: float | None
    bytes: int
    load_ms: float
    """CPU that reading it takes."""
    frauds: int
    genuine: int
    champion: Standing
    challenger: Standing
    compared: int
    """Frauds since the two were last exchanged: the rule asks for some."""
    exchanges: int = 0
    exchanged_at: float | None = None
    """Event time of the last."""
    drifts: dict[str, int] = {}
    """Feature, or `score`, -> changes found."""
    drifted_at: dict[str, float] = {}
    """Event time of the last change of each."""


class TrainingReport(msgspec.Struct, frozen=True, kw_only=True):
    """All that the page of models shows."""

    at: float
    """When it was written."""
    waiting: int
    """Rows that wait for a verdict or for their deadline."""
    dropped: int
    """Rows that had to make room before anything was known of them."""
    early: int
    """Verdicts on events that haven't come."""
    models: list[ModelReport] = []
