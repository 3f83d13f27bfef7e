"""Keys from the one secret: boxes for values at rest, seals for chains, and a key per user, wrapped.

AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce; HKDF-SHA256 (RFC 5869) makes a key for each purpose. A sealed value is a
version byte, the nonce, the ciphertext with its tag; the associated data are table, column and row: put elsewhere, it doesn't open.
"""

from __future__ import annotations

import hmac
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from domain.ledger import KeyRow

VERSION = 1
NONCE = 12
CACHED_KEYS = 10_000


class AesBox:
    """Implements domain.ledger.Box with one key of 32 bytes."""

    def __init__(self, key: bytes):
        self._aead = AESGCM(key)

    def seal(self, table: str, column: str, row: str, plain: bytes) -> bytes:
        nonce = secrets.token_bytes(NONCE)
        return bytes((VERSION,)) + nonce + self._aead.encrypt(nonce, plain, _place(table, column, row))

    def open(self, table: str, column: str, row: str, sealed: bytes) -> bytes:
        """Raises ValueError when it was altered, belongs elsewhere, or was sealed with another key."""
        if len(sealed) <= NONCE or sealed[0] != VERSION:
            raise ValueError(f"{table}.{column} of {row!r} is not a sealed value")
        try:
            return self._aead.decrypt(sealed[1 : 1 + NONCE], sealed[1 + NONCE :], _place(table, column, row))
        except InvalidTag:
            raise ValueError(f"{table}.{column} of {row!r} was altered or sealed with another key") from None


class Keyring:
    """All keys that come of `secret` (the setting `secret_key`). Raises ValueError when it is empty."""

    def __init__(self, secret: str):
        if not secret:
            raise ValueError("VIGIL_SECRET_KEY is not set: without it the ledger can be neither read nor written")
        self._secret = secret.encode()
        self._wrap = self.box("user keys")
        self._mac = self._derive("chain seals")
        self._open: dict[KeyRow, AesBox] = {}

    def box(self, purpose: str) -> AesBox:
        """The box for a purpose, e.g. `directory`; another purpose has another key."""
        return AesBox(self._derive("box " + purpose))

    def key(self, purpose: str) -> bytes:
        """32 bytes for a purpose that needs a key of its own, e.g. `check codes`."""
        return self._derive("key " + purpose)

    def seal(self, *parts: str | int | bytes) -> bytes:
        """A version byte and the first 24 bytes of HMAC-SHA256 over the parts, each led by its length."""
        sized = [part if isinstance(part, bytes) else str(part).encode() for part in parts]
        message = b"".join(len(part).to_bytes(4, "big") + part for part in sized)
        return bytes((VERSION,)) + hmac.digest(self._mac, message, "sha256")[:24]

    def new_user_key(self, user_id: str, partition: int, at: int) -> KeyRow:
        """A random key for a user, wrapped. `at`: microseconds."""
        key_id = secrets.token_hex(8)
        wrapped = self._wrap.seal("ledger_keys", "wrapped", _key_row(user_id, key_id, partition, at), secrets.token_bytes(32))
        return KeyRow(user_id, key_id, partition, at, wrapped)

    def user_box(self, row: KeyRow) -> AesBox:
        """The box of a user. Raises ValueError when any column of the row was altered."""
        box = self._open.get(row)
        if box is None:
            key = self._wrap.open("ledger_keys", "wrapped", _key_row(row.user_id, row.key_id, row.partition, row.created_at), row.wrapped)
            if len(self._open) >= CACHED_KEYS:
                self._open.clear()
            box = self._open[row] = AesBox(key)
        return box

    def _derive(self, purpose: str) -> bytes:
        return HKDF(SHA256(), 32, None, f"vigil {purpose}".encode()).derive(self._secret)


def _place(table: str, column: str, row: str) -> bytes:
    return f"{table}\0{column}\0{row}".encode()


def _key_row(user_id: str, key_id: str, partition: int, at: int) -> str:
    return f"{user_id}\0{key_id}\0{partition}\0{at}"
