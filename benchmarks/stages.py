"""What an event costs by stage, in one process without a broker: decode, profile, each detector, policy, and Redis for a batch."""

from __future__ import annotations

import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import world
from benchmarks.rig import Rig
from config.notices import load as load_notices
from detectors.wiring import build_engine
from domain import profile
from domain.decode import decode
from domain.messages import Source
from notices.policy import Policy
from stores.geo import GeoSurroundings
from stores.redis_client import connect_async
from stores.redis_profiles import RedisProfiles


class Clock:
    """Sums of seconds of this process by name, and a wrapper that adds the time of each call. CPU time: neighbours cost less that way."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)

    def timed(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any) -> Any:
            begun = time.process_time()
            try:
                return call(*args)
            finally:
                self.seconds[name] += time.process_time() - begun

        return wrapped


def by_stage(count: int, users: int) -> tuple[dict[str, float], dict[str, float]]:
    """(us of CPU an event by stage, bytes a profile): mean, median, p99 and largest. Stages and detectors are timed in two passes, else the
    timers of the detectors would count as the engine's."""
    stages, inner = Clock(), Clock()
    events = list(world.events(count, users))
    with tempfile.TemporaryDirectory() as folder:
        surroundings = GeoSurroundings(None, None, Path(folder))
        surroundings.agent(world.AGENT.format(140))  # the parser's patterns are compiled once a process, for two seconds
        states = _replay(events, build_engine(surroundings), stages)
        engine = build_engine(surroundings)
        _time_detectors(engine, inner)
        _replay(events, engine, Clock())
    sizes = sorted(map(len, states.values()))
    spread = {"mean": sum(sizes) / len(sizes), "median": sizes[len(sizes) // 2], "p99": sizes[int(len(sizes) * 0.99)], "largest": sizes[-1]}
    costs = {name: seconds / count * 1e6 for clock in (stages, inner) for name, seconds in sorted(clock.seconds.items())}
    return {"all": sum(stages.seconds.values()) / count * 1e6} | costs, spread


def _replay(events: list[tuple[str, bytes, bytes]], engine: Any, clock: Clock) -> dict[str, bytes]:
    """The events through the kernel's stages, as a batch of one each; the profiles that remain."""
    now, policy = datetime.now(UTC), Policy(load_notices())
    take = clock.timed("decode the event", decode)
    read = clock.timed("decode the profile", profile.decode)
    apply = clock.timed("engine", engine.apply)
    decide = clock.timed("policy", policy.decide)
    write = clock.timed("encode the profile", profile.encode)
    states: dict[str, bytes] = {}
    for number, (topic, key, value) in enumerate(events):
        event = take(topic, key, value, now.timestamp())
        state = read(states.get(event.user_id))
        outcome = apply(event, state, Source(topic, 0, number))
        if outcome.findings:
            decide(event, outcome.findings, state, now)
        states[event.user_id] = write(state)
    return states


def _time_detectors(engine: Any, clock: Clock) -> None:
    for entry in engine.registry.detectors:
        if entry.detector is None:
            continue
        for verb in ("score_one", "learn_one", "count_one", "step_one"):
            setattr(entry.detector, verb, clock.timed(f"  of the engine: {entry.id}", getattr(entry.detector, verb)))
    for name in ("place", "agent"):
        setattr(engine.surroundings, name, clock.timed(f"  of the engine: {name} looked up", getattr(engine.surroundings, name)))
    engine.reconfigure(engine.registry)  # its plan holds the methods themselves


def redis(rig: Rig, profiles: int = 100_000, size: int = 1500) -> dict[str, float]:
    """Seconds to write and to read back so many profiles of so many bytes, and us a profile in batches of 500."""

    async def run() -> dict[str, float]:
        store = RedisProfiles(connect_async(rig.redis.url))
        names = [f"u{i}" for i in range(profiles)]
        value = bytes(size)
        begun = time.perf_counter()
        for start in range(0, profiles, 500):
            await store.save(dict.fromkeys(names[start : start + 500], value))
        written = time.perf_counter()
        for start in range(0, profiles, 500):
            found = await store.load(names[start : start + 500])
            for data in found.values():
                assert data is not None
        done = time.perf_counter()
        await store.close()
        return {
            "save 100k profiles, s": written - begun,
            "restore 100k profiles, s": done - written,
            "save, us a profile": (written - begun) / profiles * 1e6,
            "load, us a profile": (done - written) / profiles * 1e6,
        }

    return rig.background.run(run(), 600)
