"""Marks of what was sent, in memory."""

from collections.abc import Sequence


class MemoryMarks:
    """What Redis keeps in the product."""

    def __init__(self) -> None:
        self.kept: dict[str, tuple[str, str | None]] = {}

    def mark(self, delivery_id: str, provider: str, provider_id: str | None) -> None:
        self.kept[delivery_id] = (provider, provider_id)

    def marked(self, delivery_ids: Sequence[str]) -> dict[str, tuple[str, str | None]]:
        return {name: self.kept[name] for name in delivery_ids if name in self.kept}

    def forget(self, delivery_ids: Sequence[str]) -> None:
        for name in delivery_ids:
            self.kept.pop(name, None)
