"""Habits of the subject: API keys. From where each is used, what for, and at which hours."""

from __future__ import annotations

import msgspec

MAX_KEYS = 8
MAX_NETWORKS = 6
MAX_ADDRESSES = 6


class ApiKey(msgspec.Struct, array_like=True):
    """A key that was used, and that was normal."""

    key: int
    """fingerprint() of its id."""
    first_at: int
    last_at: int
    count: int = 0
    networks: list[str] = []
    """network_key(), the one used last at the end."""
    addresses: list[int] = []
    """fingerprint() of the addresses, the one used last at the end."""
    actions: list[str] = []
    """trade, withdrawal, internal_out, login, account_change."""
    hours: int = 0
    """A bit an hour of the day (UTC) at which it was used."""


class KeyHabits(msgspec.Struct, array_like=True):
    """Fields are appended with a default, never reordered. Times: event time, whole seconds since the epoch."""

    keys: list[ApiKey] = []

    def find(self, key: int) -> ApiKey | None:
        """The key of that fingerprint."""
        for known in self.keys:
            if known.key == key:
                return known
        return None

    def forget(self, key: int) -> None:
        """The key was deleted."""
        self.keys = [known for known in self.keys if known.key != key]

    def see(self, key: int, at: int) -> ApiKey:
        """Makes the key known; the one not used for longest makes room."""
        known = self.find(key)
        if known is None:
            if len(self.keys) >= MAX_KEYS:
                self.keys.remove(min(self.keys, key=lambda k: k.last_at))
            known = ApiKey(key, at, at)
            self.keys.append(known)
        known.first_at, known.last_at = min(known.first_at, at), max(known.last_at, at)
        return known
