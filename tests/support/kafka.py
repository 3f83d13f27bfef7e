"""A real Apache Kafka on this machine: one or more KRaft nodes on free ports. The jars come from Maven (`tests/kafka/pom.xml`)."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

from embedded.broker import api_versions
from embedded.processes import Child, free_port
from tests.support.background import PATIENCE, Background

ROOT = Path(__file__).parents[2]
LIBS = ROOT / ".kafka" / "libs"
FETCH = "mvn -q -B -f tests/kafka/pom.xml dependency:copy-dependencies -DoutputDirectory=$PWD/.kafka/libs"


def missing() -> str:
    """Why real Kafka can't run here, and what to do; empty when it can."""
    if not shutil.which("java"):
        return "no Java: install a JRE 17 or newer"
    if not list(LIBS.glob("kafka_2.13-*.jar")):
        return f"Kafka's jars are not in .kafka/libs: {FETCH}"
    return ""


class Kafka:
    """`start()`, `stop_node(i, hard=)`, `start_node(i)`, `close()`; `address` is the bootstrap string of all nodes."""

    def __init__(self, background: Background, folder: Path, nodes: int = 1):
        self.background, self.folder = background, folder
        self.ports = [(free_port(), free_port()) for _ in range(nodes)]
        self.address = ",".join(f"127.0.0.1:{port}" for port, _ in self.ports)
        self.children = [
            Child(
                f"kafka-{i}", _java("kafka.Kafka", str(folder / f"{i}.properties"), heap="512m"), log=folder / f"{i}.log", cwd=folder,
                env={**os.environ, "LOG_DIR": str(folder)},
            )
            for i in range(nodes)
        ]  # fmt: skip

    def start(self) -> "Kafka":
        self.folder.mkdir(parents=True, exist_ok=True)
        cluster = _storage("random-uuid").strip().splitlines()[-1]
        for i in range(len(self.ports)):
            (self.folder / f"{i}.properties").write_text(self._properties(i))
            _storage("format", "-t", cluster, "-c", str(self.folder / f"{i}.properties"))
        for child in self.children:
            child.start()
        for i in range(len(self.ports)):
            self._await_node(i)
        return self

    def start_node(self, i: int = 0) -> None:
        self.children[i].start()
        self._await_node(i)

    def stop_node(self, i: int = 0, hard: bool = False) -> None:
        """Asks it to stop, or (hard) kills it."""
        self.background.run(self.children[i].stop(timeout=60, how=signal.SIGKILL if hard else signal.SIGTERM))

    def close(self) -> None:
        for i in range(len(self.ports)):
            self.stop_node(i, hard=True)

    def _await_node(self, i: int) -> None:
        self.background.run(self.children[i].until(lambda: api_versions(self.ports[i][0]), timeout=PATIENCE, pause=0.1))

    def _properties(self, i: int) -> str:
        port, control = self.ports[i]
        replicas = min(3, len(self.ports))
        values = {
            "process.roles": "broker,controller",
            "node.id": i + 1,
            "controller.quorum.voters": ",".join(f"{n + 1}@127.0.0.1:{c}" for n, (_, c) in enumerate(self.ports)),
            "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{control}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
            "controller.listener.names": "CONTROLLER",
            "inter.broker.listener.name": "PLAINTEXT",
            "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
            "log.dirs": self.folder / f"data{i}",
            "offsets.topic.replication.factor": replicas,
            "offsets.topic.num.partitions": 4,
            "default.replication.factor": replicas,
            "transaction.state.log.replication.factor": replicas,
            "transaction.state.log.min.isr": 1,
            "group.initial.rebalance.delay.ms": 0,
            "group.min.session.timeout.ms": 1000,
            "auto.create.topics.enable": "false",
        }
        return "".join(f"{k}={v}\n" for k, v in values.items())


def _java(*args: str, heap: str = "128m") -> list[str]:
    return ["java", f"-Xmx{heap}", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", f"{LIBS}/*", *args]


def _storage(*args: str) -> str:
    return subprocess.run(_java("kafka.tools.StorageTool", *args), check=True, capture_output=True, text=True).stdout
