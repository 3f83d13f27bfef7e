"""Real parts as fixtures. Whatever is missing on this machine is said loudly at the end, and is an error in CI."""

import gc
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import hypothesis
import pytest

from embedded.broker import Broker
from embedded.redis import Redis
from tests.support import kafka as real_kafka
from tests.support.background import Background
from tests.support.postgres import Postgres
from tests.support.product import Product
from tests.support.sinks import SmsSink, SmtpSink

# Few examples at each run, so that the unit tests take seconds; HYPOTHESIS_PROFILE=thorough looks longer.
# How long drawing an example takes is the machine's affair.
unhurried: dict[str, Any] = {"deadline": None, "suppress_health_check": [hypothesis.HealthCheck.too_slow]}
hypothesis.settings.register_profile("quick", max_examples=20, **unhurried)
hypothesis.settings.register_profile("thorough", max_examples=500, **unhurried)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))

# What is tested is on this machine, and is never asked for through somebody's proxy.
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"

# Thousands of tests and all rooms of the product live as long as the process: to look through them for garbage each few hundred objects
# is a tenth of the time that the unit tests take.
gc.set_threshold(20_000, 20, 50)

MISSING: Counter[str] = Counter()


def absent(what: str) -> NoReturn:
    """A part of the machine is missing: an error in CI, else the test isn't run and the summary says so."""
    if os.environ.get("CI"):
        pytest.fail(f"CI has to bring what the tests need: {what}", pytrace=False)
    MISSING[what] += 1
    pytest.skip(what)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """In CI nothing may be left out: a skipped test fails the run."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and exitstatus == pytest.ExitCode.OK and reporter and reporter.stats.get("skipped"):
        MISSING["skipped, which CI doesn't allow (the reasons are in the summary)"] += len(reporter.stats["skipped"])
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if MISSING:
        terminalreporter.section("NOT RUN", sep="!", red=True, bold=True)
        for what, count in MISSING.items():
            terminalreporter.line(f"{count} tests: {what}", red=True)
        terminalreporter.line("`bash .ci/run` brings all of it (Debian, Ubuntu).")


@pytest.fixture(scope="session")
def background() -> Iterator[Background]:
    """A loop in a thread, for servers that go on while tests wait."""
    made = Background()
    yield made
    made.close()


@pytest.fixture(scope="session")
def embedded_broker(background: Background, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """The broker that `make run` uses."""
    broker = Broker(tmp_path_factory.mktemp("broker"))
    background.run(broker.start())
    yield broker
    background.run(broker.stop())


@pytest.fixture(scope="session")
def kafka(background: Background, tmp_path_factory: pytest.TempPathFactory) -> Iterator[real_kafka.Kafka]:
    """A real Kafka of one node."""
    if missing := real_kafka.missing():
        absent(missing)
    node = real_kafka.Kafka(background, tmp_path_factory.mktemp("kafka")).start()
    yield node
    node.close()


@pytest.fixture(scope="session", params=["embedded", pytest.param("kafka", marks=pytest.mark.kafka)])
def any_broker(request: pytest.FixtureRequest) -> Broker | real_kafka.Kafka:
    """The test runs once on the embedded broker and once on real Kafka; `address` of either is its bootstrap string."""
    return request.getfixturevalue("kafka" if request.param == "kafka" else "embedded_broker")


@pytest.fixture
def redis_server(background: Background, tmp_path: Path) -> Iterator[Redis]:
    """An empty Redis of its own; `url`, `start()`, `stop()` (through `background.run`)."""
    server = Redis(tmp_path / "redis")
    background.run(server.start())
    yield server
    background.run(server.stop())


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server; `database()` makes an empty database."""
    server = Postgres().start()
    yield server
    server.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def any_database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The test runs once on SQLite and once on PostgreSQL; the URL of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/vigil.db"
    return request.getfixturevalue("postgres").database()


@pytest.fixture
def smtp(background: Background) -> Iterator[SmtpSink]:
    """An SMTP server that can be told to misbehave."""
    sink = SmtpSink(background).up()
    yield sink
    sink.recover()
    sink.down()


@pytest.fixture
def sms(background: Background) -> Iterator[SmsSink]:
    """An SMS gateway that can be told to misbehave."""
    sink = SmsSink(background).up()
    yield sink
    sink.recover()
    sink.down()


@pytest.fixture
def product(background: Background, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Product]]:
    """`product(broker, workers=1, console=False, **kw)` starts the whole product beside parts of its own; see tests/support/product.py."""
    made: list[Product] = []

    def make(broker: Broker | real_kafka.Kafka, *, workers: int = 1, console: bool = False, **kw: object) -> Product:
        folder = tmp_path_factory.mktemp("product")
        one = Product(background, folder, broker.address, small_broker=isinstance(broker, Broker), **kw)  # type: ignore[arg-type]
        made.append(one)
        return one.start(workers, console)

    yield make
    for one in made:
        one.close()


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of Debian's Chromium for Playwright (`executable_path`; `--no-sandbox --disable-quic --disable-background-networking`)."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not found:
        absent("no Chromium: apt-get install chromium")
    return found
