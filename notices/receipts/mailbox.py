"""Where mails that came back lie: a pipe or file with one mail, an mbox, a Maildir."""

from __future__ import annotations

import mailbox
from collections.abc import Iterator
from pathlib import Path


def mails(path: Path) -> Iterator[bytes]:
    """The mails in a file or folder, whole. Nothing is changed or removed. Raises OSError."""
    if path.is_dir():
        folder = mailbox.Maildir(path, create=False)
        for key in sorted(folder.keys()):
            yield folder.get_bytes(key)
        return
    with path.open("rb") as file:
        begins = file.read(5)
    if begins != b"From ":
        yield path.read_bytes()
        return
    box = mailbox.mbox(path, create=False)
    try:
        for key in box.iterkeys():
            yield box.get_bytes(key)
    finally:
        box.close()
