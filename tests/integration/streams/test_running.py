"""`worker.py worker` as its operator runs it: starts that fail say why, children come back, nothing outlives a kill."""

import os
import signal
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from embedded.broker import Broker
from embedded.processes import Child, free_port
from tests.integration.streams.bench_bed import ROOT, Bed
from tests.support.background import PATIENCE, Background, wait_until
from tests.support.surroundings import lent

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture
def bed(background: Background, tmp_path: Path, embedded_broker: Broker) -> Iterator[Bed]:
    made = Bed(background, tmp_path, embedded_broker.address, small=True).start()
    yield made
    made.close()


def run(bed: Bed, *args: str, **env: str) -> tuple[int, str]:
    """Status, and what was said; whoever doesn't end fails the test."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("VIGIL_")}
    done = subprocess.run(
        [sys.executable, "worker.py", *args], cwd=ROOT, env={**kept, **bed.environment, "VIGIL_DATA_DIR": str(lent(bed.folder / "data")), **env},
        capture_output=True, text=True, timeout=PATIENCE,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def whole_worker(bed: Bed, role: str = "all", **env: str) -> Child:
    """Supervisor, detect, notify and train; or one role alone."""
    port = free_port()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("VIGIL_")}
    child = Child(
        f"whole-{port}", [sys.executable, "worker.py", "worker", "--role", role], cwd=ROOT, log=bed.folder / f"whole-{port}.log",
        env={**kept, **bed.environment, "VIGIL_DATA_DIR": str(lent(bed.folder / "data")), "VIGIL_METRICS__PORT": str(port), **env},
    )  # fmt: skip
    child.start()
    bed.workers.append(child)
    bed.ports[child.name] = port
    wait_until(lambda: "ready" in child.log.read_text().split("\n") or not child.alive, what=lambda: f"ready\n{child.tail()}")
    assert child.alive, child.tail(30)
    return child


def children_of(pid: int) -> list[int]:
    """Processes whose parent is this one."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[1]) == pid and fields[0] != "Z":
                found.append(int(entry.name))
    return found


def page(bed: Bed, child: Child, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{bed.ports[child.name]}{path}", timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


@pytest.mark.parametrize(
    ("env", "told"),
    [
        ({"VIGIL_KAFKA__TOPIC_PREFIX": "elsewhere."}, "python worker.py topics create"),
        ({"VIGIL_KAFKA__BROKERS": "127.0.0.1:1"}, "VIGIL_KAFKA__BROKERS"),
        ({"VIGIL_SECRET_KEY": ""}, "VIGIL_SECRET_KEY"),
        ({"VIGIL_KAFKA__PARTITIONS": "many"}, "VIGIL_KAFKA__PARTITIONS"),
    ],
)
def test_a_start_that_cannot_work_says_what_to_do(bed: Bed, env: dict[str, str], told: str) -> None:
    """Missing topics, no broker, no key, a wrong value: status 1 and a sentence."""
    status, said = run(bed, "worker", **env)

    assert status == 1, said
    assert told in said
    assert "Traceback" not in said


def test_topics_create_makes_what_is_missing_and_says_so(bed: Bed) -> None:
    """Twice: the first time it creates, the second time it finds."""
    status, said = run(bed, "topics", "create", VIGIL_KAFKA__TOPIC_PREFIX=f"{bed.prefix}more.")
    assert status == 0
    assert said.count("created") == 17

    status, said = run(bed, "topics", "create", VIGIL_KAFKA__TOPIC_PREFIX=f"{bed.prefix}more.")
    assert status == 0
    assert said.count("exists") == 17


def test_doctor_names_what_is_wrong(bed: Bed) -> None:
    """All connections of the bed are well; a Redis that isn't there is named and the status is 1."""
    status, said = run(bed, "doctor")
    assert status == 0, said
    looked_at = {line.split()[1]: line.split()[0] for line in said.splitlines() if line.startswith(("ok", "warn"))}
    assert {looked_at.pop("geo")} <= {"ok", "warn"}  # its data grows old
    assert {name for name, state in looked_at.items() if state == "ok"} >= {"settings", "kafka", "topics", "redis", "sql"}

    status, said = run(bed, "doctor", VIGIL_REDIS__URL="redis://127.0.0.1:1/0")
    assert status == 1
    assert "nothing listens at 127.0.0.1:1: start Redis, or correct VIGIL_REDIS__URL" in said


def test_the_whole_worker_runs_restarts_its_children_and_drains(bed: Bed) -> None:
    """Ready once all roles are; a killed child comes back; a second worker on the same SQLite is refused; SIGTERM ends all well."""
    worker = whole_worker(bed)
    assert page(bed, worker, "/healthz")[0] == 200
    assert page(bed, worker, "/readyz")[0] == 200
    metrics = page(bed, worker, "/metrics")[1]
    assert 'vigil_up{role="detect"} 1.0' in metrics
    assert 'vigil_up{role="notify"} 1.0' in metrics
    assert metrics.count("# TYPE vigil_up gauge") == 1

    status, said = run(bed, "worker")
    assert status == 1
    assert "PostgreSQL" in said

    assert worker.pid
    before = children_of(worker.pid)
    assert len(before) == 3
    os.kill(before[0], signal.SIGKILL)
    wait_until(lambda: page(bed, worker, "/readyz")[0] == 503, what="the loss to show", pause=0.02)
    wait_until(lambda: page(bed, worker, "/readyz")[0] == 200, what=lambda: f"the child to be back\n{worker.tail()}", pause=0.2)
    assert len(children_of(worker.pid)) == 3

    left = children_of(worker.pid)
    assert bed.stop(worker) == 0
    assert not any(alive(pid) for pid in left)


def test_nothing_outlives_a_killed_supervisor(bed: Bed) -> None:
    """kill -9 of the supervisor alone: its children end with it, and the database is free for the next start."""
    worker = whole_worker(bed)
    assert worker.pid
    left = children_of(worker.pid)
    os.kill(worker.pid, signal.SIGKILL)

    wait_until(lambda: not any(alive(pid) for pid in left), what="the children to end")
    sqlite3.connect(bed.folder / "vigil.db").execute("select count(*) from notices").fetchone()


def alive(pid: int) -> Any:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_worker_ends_when_it_is_told_to_though_broker_and_redis_are_gone(background: Background, tmp_path: Path) -> None:
    """Also by itself, without a supervisor that would kill it: whoever runs one role alone waits no longer than for any other."""
    broker = Broker(tmp_path / "broker")
    background.run(broker.start())
    bed = Bed(background, tmp_path, broker.address, small=True).start()
    try:
        worker = whole_worker(bed, role="detect")
        background.run(broker.stop())
        background.run(bed.redis.stop())
        os.kill(worker.pid, signal.SIGTERM)
        wait_until(lambda: not worker.alive, what=lambda: f"the end\n{worker.tail()}")
    finally:
        bed.close()
        background.run(broker.stop())
