"""Lists of addresses (sanctions, known scams) from the files of a folder, taken anew while the worker runs.

The name of a list is its file's, without the ending. A file that can't be taken leaves what it said before in effect, and is told.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
from watchfiles import watch

from stores.list_files import READERS, ListError, read

_LOOK = 5.0
"""Seconds between looks at a folder that isn't there yet."""
_Stamp = tuple[int, int, int]


class AddressList(msgspec.Struct, frozen=True):
    """One list as it is in effect."""

    name: str
    addresses: frozenset[str]
    at: float
    """When its file was last changed, seconds since the epoch."""


class Lists:
    """The lists of a folder (None: there are none). `listed` may be asked from any thread while `refresh` runs in another."""

    def __init__(self, folder: Path | None):
        self.folder = folder
        self.lists: tuple[AddressList, ...] = ()
        """In effect, by name. Replaced whole, never changed."""
        self._stamps: dict[str, _Stamp] = {}
        self._lock = threading.Lock()

    def listed(self, address: str) -> str:
        """Name of the first list that holds the address (domain.addresses.normal), '' where none does. Below a microsecond."""
        for one in self.lists:
            if address in one.addresses:
                return one.name
        return ""

    def refresh(self) -> list[str]:
        """Reads the files that changed; what can't be taken is said, a line a file. Reading 100 MB takes seconds: not in an event loop."""
        with self._lock:
            kept, problems = {one.name: one for one in self.lists}, list[str]()
            names = dict[str, str]()
            for path in self._files():
                if path.stem in names:
                    problems.append(f"{path.name}: a list {path.stem} is in {names[path.stem]} already")
                    continue
                names[path.stem] = path.name
                try:
                    stat = path.stat()
                    stamp = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
                    if self._stamps.get(path.name) != stamp:
                        self._stamps[path.name] = stamp
                        kept[path.stem] = AddressList(path.stem, read(path), stat.st_mtime)
                except OSError as error:
                    problems.append(f"{path.name}: can't be read: {error.strerror or error}")
                except ListError as error:
                    problems.append(str(error))
            for name in set(kept) - set(names):
                del kept[name]
            self._stamps = {name: stamp for name, stamp in self._stamps.items() if name in names.values()}
            self.lists = tuple(kept[name] for name in sorted(kept))
            return problems

    def changes(self, stop: threading.Event, refused: Callable[[str], None]) -> Iterator[tuple[AddressList, ...]]:
        """Blocks; reads the folder, and again at each change, until `stop` is set. Yields what is then in effect where that is another."""
        if self.folder is None:
            return
        before = self.lists
        while not stop.is_set():
            # Asked once a second besides: what changes while the watch begins is not missed.
            for _ in self._ticks(stop):
                for problem in self.refresh():
                    refused(problem)
                if self.lists != before:
                    yield (before := self.lists)

    def _ticks(self, stop: threading.Event) -> Iterator[object]:
        assert self.folder is not None
        yield None
        if not self.folder.is_dir():
            stop.wait(_LOOK)
            return
        try:
            for changed in watch(
                self.folder, stop_event=stop, recursive=False, debounce=200, step=50, rust_timeout=1_000, yield_on_timeout=True
            ):
                if not self.folder.is_dir():
                    return
                yield changed
        except OSError:  # the folder went as it was opened, or the system gives out no more watches: looking now and then does as well
            stop.wait(_LOOK)

    def _files(self) -> list[Path]:
        try:
            found = list(self.folder.iterdir()) if self.folder is not None else []
        except OSError:
            return []
        return sorted(path for path in found if path.suffix.lower() in READERS and not path.name.startswith(".") and path.is_file())
