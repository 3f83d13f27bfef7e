"""Events a second of the whole pipeline with all detectors, and of the same kernel under other engines on the same topics."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from benchmarks import world
from benchmarks.rig import PARTITIONS, ROOT, Rig, cpu_seconds, rss_mb, say

BENCH_PYTHON = ROOT / ".venv-bench" / "bin" / "python"
LOOPS: dict[str, list[str]] = {
    "vigil": [sys.executable, "worker.py", "worker", "--role", "detect"],
    "bare aiokafka": [sys.executable, "-m", "benchmarks.loops", "bare"],
    "Quix Streams": [str(BENCH_PYTHON), "-m", "benchmarks.loops", "quix"],
    "plain Faust": [sys.executable, "-m", "benchmarks.loops", "faust"],
}
THIN_VIGIL = [sys.executable, "-m", "benchmarks.loops", "vigil"]


def create_topics(rig: Rig, prefix: str) -> None:
    """As an operator does it."""
    subprocess.run(
        [sys.executable, "worker.py", "topics", "create"],
        cwd=ROOT,
        env=rig.environment(prefix, "topics"),
        check=True,
        stdout=subprocess.DEVNULL,
    )


def compare(rig: Rig, users: int, count: int, loops: list[str], rounds: int, *, thin: bool = False) -> list[dict[str, Any]]:
    """Each loop over the same records, in turn, `rounds` times; one row a run. `thin`: around a kernel that judges nothing."""
    prefix = f"{'thin' if thin else 'w'}{users}."
    create_topics(rig, prefix)
    begun = time.monotonic()
    total = sum(rig.fill(prefix, world.events(count, users)).values())
    say(f"  {total:,} events of {users:,} users published in {time.monotonic() - begun:.0f} s")
    rows = []
    for number in range(rounds):
        for name in loops:
            rig.empty_redis()
            rate, seconds, memory, cpu = run_loop(rig, prefix, name, f"{prefix}{name.replace(' ', '-')}-{number}", total, thin=thin)
            say(f"  {name}: {rate:,.0f} events/s, {cpu * 1e6:.0f} us of CPU an event")
            figures = {"events/s": rate, "CPU us an event": cpu * 1e6, "seconds": seconds, "memory MB": memory}
            rows.append({"loop": name, "users": users, "round": number, **figures})
    return rows


def run_loop(
    rig: Rig, prefix: str, name: str, group: str, total: int, workers: int = 1, *, thin: bool = False
) -> tuple[float, float, float, float]:
    """(events/s, seconds from start to end, resident MB at the end, seconds of CPU an event) of one loop on one core, or of so many
    workers on all."""
    cores = sorted(os.sched_getaffinity(0))
    processes: list[subprocess.Popen[bytes]] = []
    log = (rig.folder / f"{group}.log").open("wb")
    try:
        for number in range(workers):
            env = rig.environment(prefix, f"{group}-{number}", VIGIL_KAFKA__GROUP=group) | ({"BENCH_KERNEL": "thin"} if thin else {})
            core = cores[-1 - number % len(cores)]
            processes.append(
                subprocess.Popen(
                    THIN_VIGIL if thin and name == "vigil" else LOOPS[name],
                    cwd=ROOT,
                    env=env,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    preexec_fn=_pin(core) if workers == 1 else None,
                )
            )
        committed = f"{group}-detect" if name == "vigil" else group
        rate, seconds, cpu = rig.watch(
            committed, total, lambda: all(p.poll() is None for p in processes), cpu=lambda: sum(cpu_seconds(p.pid) for p in processes)
        )
        return rate, seconds, max(rss_mb(p.pid) for p in processes), cpu
    except RuntimeError as error:
        raise RuntimeError(f"{name}: {error}\n{(rig.folder / f'{group}.log').read_text(errors='replace')[-3000:]}") from None
    finally:
        for process in processes:
            _end(process)
        log.close()


def _pin(core: int) -> Callable[[], None]:
    return lambda: os.sched_setaffinity(0, {core})


def _end(process: subprocess.Popen[bytes]) -> None:
    for how in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, how)
            process.wait(15)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue
        return


__all__ = ["LOOPS", "PARTITIONS", "compare", "create_topics", "run_loop"]
