"""A model of a family as it travels from the trainer to the workers: plain data, msgpack in Zstandard. Nothing in it can run."""

from __future__ import annotations

import msgspec
import zstandard

from detectors.models.supervised import Supervised, restored

LARGEST = 8_000_000
"""Bytes of a snapshot when unpacked; about a hundred times of what there is."""


class Snapshot(msgspec.Struct, frozen=True):
    """A model with its number."""

    family: str
    number: int
    """Grows with each one that the trainer publishes."""
    made_at: float
    """Event time up to which it has learned."""
    model: Supervised


def pack(model: Supervised, number: int, made_at: float) -> bytes:
    """The bytes of a snapshot: 5 to 40 kB."""
    data = {"number": number, "made_at": made_at, "model": model.export()}
    return zstandard.ZstdCompressor(level=6).compress(msgspec.msgpack.encode(data))


def unpack(data: bytes) -> Snapshot:
    """The snapshot in `data`. Raises ValueError for anything else, a model of other features among it."""
    try:
        raw = zstandard.ZstdDecompressor().decompress(data, max_output_size=LARGEST, allow_extra_data=False)
        if len(raw) > LARGEST:
            raise ValueError(f"a snapshot of more than {LARGEST} bytes")
        found = msgspec.msgpack.decode(raw)
        model = restored(found["model"])
        return Snapshot(model.family.name, int(found["number"]), float(found["made_at"]), model)
    except (zstandard.ZstdError, msgspec.MsgspecError, TypeError, KeyError, OverflowError) as error:
        raise ValueError(f"not a snapshot of this version: {type(error).__name__}") from None
