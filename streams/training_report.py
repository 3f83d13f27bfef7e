"""What the trainer says of itself: for its metrics, and kept with its state for the console's page of models."""

from __future__ import annotations

import time
from typing import Any

from detectors.models.contest import PACES
from detectors.models.snapshot import unpack
from domain.training import ModelReport, Standing, TrainingReport


def weighed(data: bytes) -> tuple[int, float]:
    """Bytes of a snapshot, and milliseconds of CPU that reading it takes."""
    begun = time.process_time()
    unpack(data)
    return len(data), (time.process_time() - begun) * 1e3


def report(trainer: Any) -> TrainingReport:
    """Of a streams.train.Trainer."""
    learner = trainer.learner
    return TrainingReport(
        at=trainer.clock(),
        waiting=len(learner),
        dropped=learner.dropped,
        early=len(learner.early()),
        models=[_model(trainer, name) for name in sorted(learner.models)],
    )


def _model(trainer: Any, name: str) -> ModelReport:
    model, pair, watch = trainer.learner.models[name], trainer.contest.pairs.get(name), trainer.watch
    size, load_ms = trainer.weights.get(name, (0, 0.0))
    said = pair.precisions() if pair else (None, None)
    slow = PACES[1] if model.model.rate == PACES[0] else PACES[0]
    return ModelReport(
        family=name,
        number=trainer.numbers.get(name, 0),
        learned_until=trainer.learner.now,
        published_at=trainer.published_at.get(name),
        bytes=size,
        load_ms=round(load_ms, 2),
        frauds=model.frauds,
        genuine=model.genuine,
        champion=Standing(loss=pair.champion_loss.mean if pair else 0.0, precision=said[0], pace=model.model.rate),
        challenger=Standing(
            loss=pair.challenger_loss.mean if pair else 0.0, precision=said[1], pace=pair.challenger.model.rate if pair else slow
        ),
        compared=pair.frauds if pair else 0,
        exchanges=pair.exchanges if pair else 0,
        exchanged_at=pair.exchanged_at if pair and pair.exchanges else None,
        drifts={feature: many for (family, feature), many in watch.drifts.items() if family == name},
        drifted_at={feature: at for (family, feature), at in watch.drifted_at.items() if family == name},
    )


def metrics(trainer: Any) -> str:
    """Prometheus text."""
    said, lines = report(trainer), list[str]()

    def add(name: str, kind: str, help_: str, *values: tuple[str, float]) -> None:
        lines.extend((f"# HELP {name} {help_}", f"# TYPE {name} {kind}"))
        lines.extend(f"{name}{labels} {value:.6f}" if isinstance(value, float) else f"{name}{labels} {value}" for labels, value in values)

    add("vigil_training_rows", "gauge", "Events whose features wait for a verdict", ("", said.waiting))
    add("vigil_training_dropped_total", "counter", "Rows that had to make room before anything was known of them", ("", said.dropped))
    learned, drifts, losses, exact, exchanges = [], [], [], [], []
    for one in said.models:
        family = f'family="{one.family}"'
        learned += [(f'{{{family},label="fraud"}}', one.frauds), (f'{{{family},label="genuine"}}', one.genuine)]
        drifts += [(f'{{{family},feature="{feature}"}}', many) for feature, many in one.drifts.items()]
        for name, standing in (("champion", one.champion), ("challenger", one.challenger)):
            losses.append((f'{{{family},model="{name}"}}', standing.loss))
            if standing.precision is not None:
                exact.append((f'{{{family},model="{name}"}}', standing.precision))
        exchanges.append((f"{{{family}}}", one.exchanges))
    add("vigil_training_learned", "gauge", "Truths that a model has learned", *learned)
    add("vigil_model_drift_total", "counter", "Changes found in a feature or score", *drifts)
    add("vigil_model_loss", "gauge", "Log loss of late, asked before learning, in nats a truth", *losses)
    add("vigil_model_average_precision", "gauge", "Average precision over the last truths, asked before learning", *exact)
    add("vigil_model_exchanges_total", "counter", "Times that a challenger took the champion's place", *exchanges)
    return "\n".join(lines) + "\n"
