"""Why another part was not reached, in words for whoever runs Vigil: what its client raises names error numbers and classes."""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Iterator

_REFUSED = ("refused", "connect call failed", "error 111")


def why(where: str, error: BaseException) -> str:
    """What became of connecting to `where` (host:port, or the path of a socket); '' where the error says nothing of that.

    `where` is shown: without user and password.
    """
    for one in _chain(error):
        if isinstance(one, socket.gaierror):
            return f"no machine is known by the name in {where}"
        if isinstance(one, ssl.SSLError):
            return f"what listens at {where} speaks no TLS that can be trusted"
        number = one.errno if isinstance(one, OSError) else None
        if number == errno.ENOENT:
            return f"there is no {where}"
        if number in (errno.EACCES, errno.EPERM):
            return f"this user may not open {where}"
        if number in (errno.ENETUNREACH, errno.EHOSTUNREACH):
            return f"no way leads to {where}"
        if isinstance(one, ConnectionRefusedError) or any(word in str(one).lower() for word in _REFUSED):
            return f"nothing listens at {where}"
        if isinstance(one, TimeoutError) or "timeout" in type(one).__name__.lower():
            return f"{where} does not answer"
        if isinstance(one, ConnectionError) or "closed by server" in str(one).lower():
            return f"what listens at {where} hangs up"
    return ""


def _chain(error: BaseException) -> Iterator[BaseException]:
    """What came first comes first: it says most."""
    found: list[BaseException] = []
    one: BaseException | None = error
    while one is not None and one not in found:
        found.append(one)
        one = one.__cause__ or one.__context__
    return reversed(found)
