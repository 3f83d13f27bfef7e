"""Statements of the driver's own, for what is done with every notice: a third of the time of going through SQLAlchemy's compiler."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Table

from stores.sql.engine import fit

SIZES = (1, 4, 16, 64, 256, 500)
"""Lengths of IN lists: few, so that the database knows each statement already."""


def insert_rows(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Inserts `rows`, which all have the same columns."""
    if rows:
        columns = tuple(rows[0])
        connection.exec_driver_sql(_insert(table, columns, connection.dialect.name), _tuples(rows, columns))


def insert_new_rows(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """The same, without rows whose key is there."""
    if rows:
        columns = tuple(rows[0])
        connection.exec_driver_sql(_insert(table, columns, connection.dialect.name) + " ON CONFLICT DO NOTHING", _tuples(rows, columns))


def update_rows(connection: Connection, table: Table, key: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Writes the other columns of `rows` to the row with the same `key`."""
    if rows:
        columns = (*(name for name in rows[0] if name != key), key)
        connection.exec_driver_sql(_update(table, columns, connection.dialect.name), _tuples(rows, columns))


def rows_with(connection: Connection, table: Table, columns: Sequence[str], key: str, values: Sequence[Any], more: str = "") -> list[Any]:
    """`columns` of the rows whose `key` is one of `values`. `more`: what follows the list, e.g. ORDER BY; on PostgreSQL FOR UPDATE works.

    Values are the driver's: a Boolean of SQLite is 0 or 1.
    """
    found: list[Any] = []
    for start in range(0, len(values), SIZES[-1]):
        some = [fit(value) for value in values[start : start + SIZES[-1]]]
        size = next(size for size in SIZES if size >= len(some))
        filled = (*some, *[some[-1]] * (size - len(some)))
        found += connection.exec_driver_sql(_select(table, tuple(columns), key, size, more, connection.dialect.name), filled)
    return found


def locked(connection: Connection, more: str = "") -> str:
    """`more` and FOR UPDATE, where the database has that; SQLite locks the whole file before."""
    return more if connection.dialect.name == "sqlite" else f"{more} FOR UPDATE".lstrip()


def _tuples(rows: Sequence[Mapping[str, Any]], columns: tuple[str, ...]) -> list[tuple[Any, ...]]:
    take = itemgetter(*columns)
    return [take(row) for row in rows]


@lru_cache(maxsize=256)
def _select(table: Table, columns: tuple[str, ...], key: str, size: int, more: str, dialect: str) -> str:
    names, marks = ", ".join(_quoted(table, c) for c in columns), ", ".join([_mark(dialect)] * size)
    return f'SELECT {names} FROM "{table.name}" WHERE {_quoted(table, key)} IN ({marks}) {more}'  # noqa: S608 - names are of schema.py


@lru_cache(maxsize=128)
def _insert(table: Table, columns: tuple[str, ...], dialect: str) -> str:
    names = ", ".join(_quoted(table, c) for c in columns)
    return f'INSERT INTO "{table.name}" ({names}) VALUES ({", ".join([_mark(dialect)] * len(columns))})'  # noqa: S608 - names are of schema.py


@lru_cache(maxsize=128)
def _update(table: Table, columns: tuple[str, ...], dialect: str) -> str:
    *changed, key = (f"{_quoted(table, c)} = {_mark(dialect)}" for c in columns)
    return f'UPDATE "{table.name}" SET {", ".join(changed)} WHERE {key}'  # noqa: S608 - names are of schema.py


def _quoted(table: Table, column: str) -> str:
    return f'"{table.c[column].name}"'


def _mark(dialect: str) -> str:
    return "?" if dialect == "sqlite" else "%s"
