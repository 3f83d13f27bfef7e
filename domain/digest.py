"""Eight bytes that stand for a text of any length: the same in every process and version, profiles are full of them."""

from __future__ import annotations

from hashlib import blake2b

_FRESH = blake2b(digest_size=8)


def digest(text: str) -> bytes:
    """BLAKE2b (RFC 7693) of its UTF-8; lone surrogates count as they are."""
    hashed = _FRESH.copy()  # in two thirds of the time that a new one takes
    hashed.update(text.encode("utf-8", "surrogatepass"))
    return hashed.digest()
