"""`worker.py simulate`: the simulated exchange against a broker that is there already."""

import json
import os
import re
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from domain.events import INPUT_TOPICS
from embedded.processes import free_port
from tests.support.background import PATIENCE, Background, wait_until
from tests.support.bus import TOPIC_OF_TYPE, Bus

pytestmark = pytest.mark.timeout(600)
ROOT = Path(__file__).parents[3]


def worker_py(brokers: str, prefix: str, *args: str) -> "subprocess.CompletedProcess[str]":
    """Runs a command of the product to its end."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("VIGIL_")}
    environment |= {"VIGIL_KAFKA__BROKERS": brokers, "VIGIL_KAFKA__TOPIC_PREFIX": prefix, "VIGIL_KAFKA__SMALL_BROKER": "true"}
    return subprocess.run(
        [sys.executable, "worker.py", *args], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=2 * PATIENCE
    )


def test_it_publishes_people_history_and_attacks_and_writes_the_truth(any_broker: Any, background: Background, tmp_path: Path) -> None:
    """Each event in the topic of its type under its user's key; a label for each attack event that went out, and for nothing else."""
    prefix, labels = f"t{secrets.token_hex(4)}.", tmp_path / "labels.jsonl"
    assert worker_py(any_broker.address, prefix, "topics", "create").returncode == 0
    options = ("--users", "13", "--days", "3", "--rate", "30", "--seconds", "12", "--labels", str(labels))
    done = worker_py(any_broker.address, prefix, "simulate", *options)
    assert done.returncode == 0, done.stderr

    bus = Bus(background, any_broker.address, prefix, INPUT_TOPICS).open()
    told = [json.loads(line) for line in labels.read_text().splitlines()]
    assert told
    wait_until(lambda: {t["event_id"] for t in told} <= {v["event_id"] for topic in TOPIC_OF_TYPE.values() for v in bus.all(topic)})
    wait_until(lambda: len(bus.all("users")) == 13)
    published = sum(int(found) for found in re.findall(r"(\d+) (?:people|events|live)", done.stdout))
    wait_until(lambda: sum(len(bus.heard[topic]) for topic in INPUT_TOPICS) >= published > 0)
    heard = {topic: list(bus.heard[topic]) for topic in INPUT_TOPICS}
    bus.close()

    assert {t["attack"] for t in told} == {"takeover"}  # at two seconds; the next begins at fourteen
    assert set(told[0]) == {"event_id", "user_id", "attack", "attack_id", "grade", "begun_at"}
    for topic, records in heard.items():
        for record in records:
            assert record.key == record.value["user_id"]
            assert topic == "users" or TOPIC_OF_TYPE[record.value["type"]] == topic
    assert published > 13 * 3 * 3


def test_missing_topics_are_named_with_what_to_do(any_broker: Any) -> None:
    """Nothing is published into the void."""
    done = worker_py(any_broker.address, "nowhere.", "simulate", "--users", "1", "--days", "0", "--seconds", "1")

    assert done.returncode == 1
    assert "nowhere.logins" in done.stderr
    assert "topics create" in done.stderr


def test_a_broker_that_is_not_there_is_said_so_soon() -> None:
    """With the setting to look at."""
    done = worker_py(f"127.0.0.1:{free_port()}", "", "simulate", "--seconds", "1", "--users", "1", "--days", "0")

    assert done.returncode == 1
    assert "VIGIL_KAFKA__BROKERS" in done.stderr
