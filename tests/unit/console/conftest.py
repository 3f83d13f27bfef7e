"""A console in this process, and ways to be signed in to it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from console.app import application
from console.services import Services
from console.signin import COOKIE
from tests.support.console import API_TOKEN, services

BASE = "http://testserver.local"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """A filled console that the tests of a module only read."""
    made = services(tmp_path_factory.mktemp("console"))
    yield made
    made.store.close()


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Services]:
    """A filled console of the test's own."""
    made = services(tmp_path)
    yield made
    made.store.close()


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Litestar:
    """The application, made once: it takes a while to put its routes together."""
    return application(services(tmp_path_factory.mktemp("app")))


@pytest.fixture
def browse(app: Litestar) -> Iterator[Callable[..., TestClient[Any]]]:
    """`browse(services, "ana")`: a browser signed in as a colleague; as nobody without a name."""
    with ExitStack() as opened:

        def make(made: Services, name: str = "") -> TestClient[Any]:
            app.state.services = made
            client = TestClient(app, base_url=BASE, raise_server_exceptions=False)
            opened.enter_context(client)
            if name:
                client.cookies.set(COOKIE, made.sessions.start(name))
            return client

        yield make


@pytest.fixture
def bearer() -> dict[str, str]:
    """The header of the exchange's backend."""
    return {"Authorization": f"Bearer {API_TOKEN}"}


def csrf(made: Services, client: TestClient[Any]) -> str:
    """The token of the client's session."""
    staff = made.sessions.who(client.cookies[COOKIE])
    assert staff
    return staff.csrf
