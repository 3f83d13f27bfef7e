"""What commands and processes work with, opened as the settings say: the engine, and the ledger's book with its store."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from config.detectors import apply
from config.settings import Settings
from detectors.engine import Engine
from detectors.registry import Registry
from detectors.wiring import build_engine
from domain.crowd import Crowd
from stores.geo import GeoSurroundings
from stores.lists import Lists

if TYPE_CHECKING:
    from ledger.book import Book
    from stores.sql.store import Store

log = logging.getLogger(__name__)


def engine_of(settings: Settings, crowd: Crowd | None = None, *, config: Path | None = None) -> Engine:
    """The engine with the configured detectors, address data and lists. `crowd`: in memory unless told; `config`: instead of
    config/detectors.yaml. Raises DetectorConfigError, ValueError."""
    surroundings = GeoSurroundings(settings.geo.city, settings.geo.asn, settings.data_dir / "geo", address_lists(settings))
    return build_engine(surroundings, apply(Registry.load(), config), crowd)


def address_lists(settings: Settings) -> Lists:
    """The configured lists of addresses, read; a file that can't be taken is logged."""
    lists = Lists(settings.lists.dir)
    for problem in lists.refresh():
        log.error("a list of addresses can't be taken: %s", problem)
    return lists


@contextmanager
def ledger_of(settings: Settings, *, check_key: bool = True) -> Iterator[tuple[Book, Store]]:
    """The ledger's book and the SQL store, closed at the end. Raises ValueError without the key, StoreError, Unavailable."""
    from ledger.book import Book
    from stores.sql.engine import sqlite_path
    from stores.sql.store import open_store

    if not settings.secret_key.get_secret_value():
        raise ValueError("VIGIL_SECRET_KEY: expected the key that the workers have; without it the ledger can't be read")
    path = sqlite_path(settings.database.url)
    if path is not None and not path.is_file():  # what looks at a ledger makes none: "unaltered" would be said of nothing
        raise ValueError(f"VIGIL_DATABASE__URL: there is no database at {path}")
    book = Book(settings.secret_key.get_secret_value())
    store = open_store(settings.database.url, book, check_key=check_key)
    try:
        yield book, store
    finally:
        store.close()
