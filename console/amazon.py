"""What SNS names and Vigil fetches: signing certificates and confirmations, from SNS's own hosts alone."""

from __future__ import annotations

from http.client import HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from notices.receipts.sns import ours

SECONDS = 5.0
LONGEST = 65_536
KEPT = 8


def fetch(url: str) -> bytes:
    """The body; no redirect is followed. Raises OSError, also for an address that isn't SNS's own."""
    if not ours(url):
        raise OSError("not an address of SNS")
    parts = urlsplit(url)
    connection = HTTPSConnection(parts.netloc, timeout=SECONDS)
    try:
        connection.request("GET", parts.path + (f"?{parts.query}" if parts.query else ""))
        response = connection.getresponse()
        body = response.read(LONGEST)
    except HTTPException as error:
        raise OSError(type(error).__name__) from None
    finally:
        connection.close()
    if response.status != 200:
        raise OSError(f"HTTP {response.status}")
    return body


class Certificates:
    """Certificates by address, each fetched once."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def __call__(self, url: str) -> bytes:
        if url not in self._kept:
            found = fetch(url)
            while len(self._kept) >= KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[url] = found
        return self._kept[url]
