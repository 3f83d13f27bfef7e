"""Encoded profiles of the partitions that this worker owns, as it wrote them last."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping

OVERHEAD = 250
"""Bytes an entry costs beside its value, roughly."""


class ProfileCache:
    """Least recently used out first, bounded in bytes. Values are bytes: a batch that fails half-way leaves nothing half changed."""

    def __init__(self, limit: int = 128 * 1024 * 1024):
        self.limit, self.size = limit, 0
        self._values: OrderedDict[str, bytes | None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._values)

    def __contains__(self, user_id: object) -> bool:
        return user_id in self._values

    def get(self, user_id: str) -> bytes | None:
        """None for a user without a profile; ask `in` first. Counts as use."""
        self._values.move_to_end(user_id)
        return self._values[user_id]

    def put(self, values: Mapping[str, bytes | None]) -> None:
        for user_id, value in values.items():
            if user_id in self._values:
                self.size -= OVERHEAD + len(self._values[user_id] or b"")
            self._values[user_id] = value
            self._values.move_to_end(user_id)
            self.size += OVERHEAD + len(value or b"")
        while self.size > self.limit and self._values:
            _, value = self._values.popitem(last=False)
            self.size -= OVERHEAD + len(value or b"")

    def chunks(self, size: int) -> Iterator[dict[str, bytes]]:
        """Everything that is known, in pieces, for writing it back."""
        names = [user_id for user_id, value in self._values.items() if value is not None]
        for start in range(0, len(names), size):
            yield {user: value for user in names[start : start + size] if (value := self._values.get(user)) is not None}

    def drop(self, user_ids: Iterable[str]) -> None:
        for user_id in user_ids:
            if user_id in self._values:
                self.size -= OVERHEAD + len(self._values.pop(user_id) or b"")

    def clear(self) -> None:
        self._values.clear()
        self.size = 0
