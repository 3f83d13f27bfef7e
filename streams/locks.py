"""One worker a SQLite file: a second one would only wait for the first one's locks, so it is told at the start."""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import IO

from config.settings import Settings

_HELD: list[IO[str]] = []


class Taken(Exception):
    """Another worker uses the database; the text says what to do."""


def lock_database(settings: Settings, roles: tuple[str, ...]) -> None:
    """Holds the roles until this process ends. Nothing to do on PostgreSQL. Raises Taken."""
    if not settings.database.url.startswith("sqlite:///"):
        return
    database = Path(settings.database.url.removeprefix("sqlite:///"))
    database.parent.mkdir(parents=True, exist_ok=True)
    for role in roles:
        file = open(f"{database}.{role}.lock", "a")  # noqa: SIM115 (held until the process ends)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise Taken(
                f"another worker already runs on {database}. More than one worker needs PostgreSQL: "
                "set VIGIL_DATABASE__URL=postgresql+psycopg://... for all of them"
            ) from None
        _HELD.append(file)
