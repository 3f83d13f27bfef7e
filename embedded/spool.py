"""A folder of small files, newest first, bounded: where caught mails and texts lie for the console to show.

One process writes, any number read. A file is there whole or not at all (written beside, then renamed).
"""

import itertools
import os
import re
import time
from pathlib import Path

_NAME = re.compile(r"[0-9a-f]{16}-[0-9a-f]{4}")


class Spool:
    """Files `<id><suffix>` in `folder`; ids sort by time. `keep`: how many are kept (the oldest go)."""

    def __init__(self, folder: Path, suffix: str, keep: int = 1000):
        self.folder, self.suffix, self.keep = folder, suffix, keep
        self._serial = itertools.count()
        self._count: int | None = None

    def open(self) -> None:
        """For the writer: makes the folder and clears what a killed one left half written."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for left in self.folder.glob("*.tmp"):
            left.unlink(missing_ok=True)
        self._count = len(self.ids())

    def add(self, content: bytes) -> str:
        """Returns the new id."""
        name = f"{time.time_ns():016x}-{next(self._serial) & 0xFFFF:04x}"
        target = self.folder / (name + self.suffix)
        beside = target.with_suffix(".tmp")
        beside.write_bytes(content)
        os.replace(beside, target)
        self._count = (self._count or 0) + 1
        if self._count > self.keep + self.keep // 10:  # a listing per tenth of the bound, not per file
            for old in self.ids()[self.keep :]:
                (self.folder / (old + self.suffix)).unlink(missing_ok=True)
            self._count = self.keep
        return name

    def ids(self) -> list[str]:
        """All ids, newest first; empty when nothing was ever written."""
        try:
            names = os.listdir(self.folder)
        except FileNotFoundError:
            return []
        return sorted((n.removesuffix(self.suffix) for n in names if n.endswith(self.suffix)), reverse=True)

    def get(self, name: str) -> bytes | None:
        """The content; None when there is none (any more), or the name is not one of ours (a path, say)."""
        if not _NAME.fullmatch(name):
            return None
        try:
            return (self.folder / (name + self.suffix)).read_bytes()
        except FileNotFoundError:
            return None
