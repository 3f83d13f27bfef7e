"""Contents are compressed before they are sealed: Zstandard (RFC 8878); those of earlier versions are zlib streams and open as ever."""

from __future__ import annotations

import threading
import zlib

import zstandard

LARGEST = 64 * 1024 * 1024
"""Bytes that a content may have, unpacked."""
_ZSTD = b"\x28\xb5\x2f\xfd"
_own = threading.local()


def pack(plain: bytes) -> bytes:
    """Compressed, without a checksum: the seal around it is authentic."""
    packer = getattr(_own, "packer", None)
    if packer is None:
        packer = _own.packer = zstandard.ZstdCompressor(level=1)
    return bytes(packer.compress(plain))


def unpack(packed: bytes) -> bytes:
    """The inverse of `pack`. Raises ValueError for what never was packed."""
    try:
        if not packed.startswith(_ZSTD):
            return zlib.decompress(packed)
        opener = getattr(_own, "opener", None)
        if opener is None:
            opener = _own.opener = zstandard.ZstdDecompressor()
        return bytes(opener.decompress(packed, max_output_size=LARGEST))
    except (zlib.error, zstandard.ZstdError) as error:
        raise ValueError(f"not a packed content: {error}") from None
