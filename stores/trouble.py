"""Why Redis or the database can't be used, in words for whoever runs Vigil: what it is, where, and which setting to look at.

The words never hold a URL as it is set: its user and password stay out.
"""

from __future__ import annotations

import errno
from pathlib import Path
from urllib.parse import urlsplit

from redis.exceptions import AuthenticationError, InvalidResponse, NoPermissionError, RedisError
from sqlalchemy.engine import make_url

from domain.unreached import why
from stores.sql.engine import sqlite_path

REDIS, SQL = "VIGIL_REDIS__URL", "VIGIL_DATABASE__URL"
REDIS_FORM = (
    f"{REDIS}: expected redis://HOST:PORT/0, rediss://HOST:PORT/0 or unix:///PATH; in a password, / # ? @ : and % are written as %2F, %23,"
    " %3F, %40, %3A and %25"
)


def of_redis(url: str, error: BaseException) -> str:
    """What is wrong with the Redis at `url`, and what to do."""
    try:
        parts = urlsplit(url)
        where = parts.path if parts.scheme == "unix" else f"{parts.hostname or 'localhost'}:{parts.port or 6379}"
    except ValueError:
        return REDIS_FORM
    cause = _first(error, RedisError)
    said = str(cause)
    if isinstance(cause, AuthenticationError):
        if "HELLO" in said or "NOAUTH" in said or "Authentication required" in said:
            return f"Redis at {where} wants a password: {REDIS}=redis://:PASSWORD@{where}/0"
        return f"Redis at {where} refuses the user or the password in {REDIS}"
    if isinstance(cause, NoPermissionError):
        return f"the user in {REDIS} may not do at {where} what Vigil needs: {_line(said)}"
    if isinstance(cause, InvalidResponse):
        return f"what answers at {where} is not Redis: correct {REDIS}"
    if "DB index" in said:
        return f"Redis at {where} has no database of the number at the end of {REDIS}"
    found = why(where, error)
    if "hangs up" in found or (found.endswith("does not answer") and parts.scheme == "rediss"):
        return f"{found}: is it Redis, with TLS for rediss:// and without for redis://? ({REDIS})"
    if found:
        return f"{found}: start Redis, or correct {REDIS}"
    return f"Redis at {where} says: {_line(said)} ({REDIS})"


def of_sql(url: str, error: BaseException) -> str:
    """What is wrong with the database at `url`, and what to do."""
    try:
        path, parsed = sqlite_path(url), make_url(url)
    except ValueError as wrong:
        return str(wrong)
    said = str(error)
    if path is not None:
        return _of_sqlite(path, error, said)
    where = f"{parsed.host or 'localhost'}:{parsed.port or 5432}"
    if "authentication failed" in said or "no password supplied" in said:
        return f"PostgreSQL at {where} refuses the user {parsed.username or ''} or the password in {SQL}"
    if "does not exist" in said and "database" in said.partition("FATAL")[2]:
        return f"PostgreSQL at {where} has no database {parsed.database}: create it, or correct {SQL}"
    if "does not exist" in said and "role" in said.partition("FATAL")[2]:
        return f"PostgreSQL at {where} knows no user {parsed.username}: create one, or correct {SQL}"
    if "permission denied" in said or "must be owner" in said:
        return f"the user {parsed.username} may not do at {where} what Vigil needs: {_line(said)} ({SQL})"
    if "invalid response" in said:
        return f"what answers at {where} is not PostgreSQL: correct {SQL}"
    if "resolve host" in said:
        return f"no machine is known by the name in {where}: correct {SQL}"
    if "timeout" in said:
        return f"{where} does not answer: start PostgreSQL, or correct {SQL}"
    found = why(where, error)
    return f"{found}: start PostgreSQL, or correct {SQL}" if found else f"PostgreSQL at {where}: {_line(said)} ({SQL})"


def _of_sqlite(path: Path, error: BaseException, said: str) -> str:
    if "not a database" in said or "not a SQLite" in said:
        return f"{path} is not a SQLite database: correct {SQL}"
    if "locked" in said or "busy" in said:
        return f"{path} is locked by another process: one worker only, more need PostgreSQL ({SQL})"
    if "readonly" in said or "read-only" in said:
        return f"{path} can't be written by this user ({SQL})"
    if isinstance(error, OSError):
        reason = "there is no folder above it" if error.errno == errno.ENOENT else (error.strerror or "").lower()
        return f"the folder {path.parent} can't be made, {reason}: correct {SQL}"
    if "unable to open" in said:
        return f"{path} can't be opened as a file by this user: correct {SQL}"
    return f"{path}: {_line(said)} ({SQL})"


def _first(error: BaseException, kind: type[BaseException]) -> BaseException:
    """Of what it came from, the nearest of the kind."""
    one: BaseException | None = error
    while one is not None:
        if isinstance(one, kind):
            return one
        one = one.__cause__
    return error


def _line(text: str) -> str:
    return next(iter(text.strip().splitlines()), "nothing")[:200]
