"""Addresses out of the files in which lists of them are published. Streamed: a list of 100 MB costs the memory of its addresses.

- `.txt`, `.list`: one address a line; empty lines and what follows `#` are passed over;
- `.csv`: a header with a column `address`; comma, semicolon or tab;
- `.xml`: the SDN list of the US Treasury's OFAC, advanced (features of a type `Digital Currency Address - XBT`) or plain (ids of that
  type).
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn
from xml.parsers import expat

from domain.addresses import normal

LONGEST = 128
SHORTEST = 4
_CURRENCY = "digital currency address"
_CHUNK = 1 << 16
_MOST_PROBLEM = 120


class ListError(ValueError):
    """A file is not a list of addresses; the text names file, line and what was expected."""


def read(path: Path) -> frozenset[str]:
    """The addresses in a file, each in its one spelling (domain.addresses.normal). Raises ListError; a file without any is one too."""
    try:
        found = frozenset(READERS[path.suffix.lower()](path))
    except OSError as error:
        raise ListError(f"{path.name}: can't be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise ListError(f"{path.name}: not UTF-8") from None
    if not found:
        raise ListError(f"{path.name}: holds no address; to take a list away, delete its file")
    return found


def _plain(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8-sig") as lines:
        for number, line in enumerate(lines, 1):
            text = line.partition("#")[0].strip()
            if text:
                yield _address(text, path, number)


def _table(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        head = lines.readline()
        mark = max(",;\t", key=head.count)
        names = [name.strip().lower() for name in next(csv.reader([head], delimiter=mark), [])]
        if "address" not in names:
            raise ListError(f"{path.name}:1: expected a header with a column `address`")
        column = names.index("address")
        rows = csv.reader(lines, delimiter=mark, strict=True)
        try:
            for row in rows:
                if not any(cell.strip() for cell in row):
                    continue
                if len(row) <= column:
                    raise ListError(f"{path.name}:{rows.line_num + 1}: expected {len(names)} columns, found {len(row)}")
                yield _address(row[column].strip(), path, rows.line_num + 1)
        except csv.Error as error:
            raise ListError(f"{path.name}:{rows.line_num + 1}: {error}") from None


def _sanctions(path: Path) -> Iterator[str]:
    reader = _Sanctions(path)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            reader.feed(chunk)
            yield from reader.taken()
    reader.feed(b"", end=True)
    yield from reader.taken()
    if not reader.known:
        raise ListError(f"{path.name}: not OFAC's SDN list: nothing in it has the type `Digital Currency Address - ...`")


class _Sanctions:
    """Reads elements as they come and keeps nothing but the addresses. The namespace has changed over the years, the names haven't."""

    def __init__(self, path: Path):
        self._path, self._found = path, list[str]()
        self.known = False
        """A type of digital currency addresses was named."""
        self._types: set[str] = set()
        self._type, self._text = "", list[str]()
        self._inside = self._collecting = False
        self._number = ""
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler, self._parser.EndElementHandler = self._start, self._end
        self._parser.CharacterDataHandler = self._characters
        # OFAC's file declares none. Entities that expand to gigabytes, and those that read other files, are refused before they are used.
        self._parser.StartDoctypeDeclHandler = self._refused
        self._parser.EntityDeclHandler = self._refused

    def feed(self, chunk: bytes, *, end: bool = False) -> None:
        try:
            self._parser.Parse(chunk, end)
        except expat.ExpatError as error:
            raise ListError(f"{self._path.name}:{error.lineno}: not XML: {expat.errors.messages[error.code]}") from None

    def taken(self) -> list[str]:
        """What was found since asked last."""
        found, self._found = self._found, []
        return found

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        if name == "FeatureType":
            self._type = attributes.get("ID", "")
        elif name == "Feature":
            self._inside = attributes.get("FeatureTypeID", "") in self._types
        elif name == "id":
            self._type, self._number = "", ""
        self._collecting = name in ("FeatureType", "idType", "idNumber") or (name == "VersionDetail" and self._inside)
        self._text.clear()

    def _characters(self, text: str) -> None:
        if self._collecting:
            self._text.append(text)

    def _end(self, tag: str) -> None:
        name, text = tag.rpartition(":")[2], "".join(self._text).strip()
        self._collecting = False
        self._text.clear()
        if name == "FeatureType" and text.lower().startswith(_CURRENCY):
            self._types.add(self._type)
            self.known = True
        elif name == "VersionDetail" and self._inside and text:
            self._take(text)
        elif name == "Feature":
            self._inside = False
        elif name == "idType":
            self._type = text
        elif name == "idNumber":
            self._number = text
        elif name == "id" and self._type.lower().startswith(_CURRENCY) and self._number:
            self.known = True
            self._take(self._number)

    def _take(self, text: str) -> None:
        self._found.append(_address(text, self._path, self._parser.CurrentLineNumber))

    def _refused(self, *_: object) -> NoReturn:
        raise ListError(f"{self._path.name}:{self._parser.CurrentLineNumber}: declares a document type or an entity, which no list needs")


def _address(text: str, path: Path, line: int) -> str:
    if not SHORTEST <= len(text) <= LONGEST or not text.isascii() or not text.isprintable() or " " in text:
        shown = text if len(text) <= _MOST_PROBLEM else text[:_MOST_PROBLEM] + "..."
        raise ListError(f"{path.name}:{line}: expected one address, not {shown!r}")
    return normal(text)


READERS: dict[str, Callable[[Path], Iterator[str]]] = {".txt": _plain, ".list": _plain, ".csv": _table, ".xml": _sanctions}
"""By the ending of the file's name; others in the folder are left alone."""
