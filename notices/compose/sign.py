"""`python -m notices.compose.sign`: writes which words come approved with the release; `--check` only says what isn't signed."""

from __future__ import annotations

import sys

from notices.compose.editions import MANIFEST, sign, unsigned

SHOWN = 20


def main(check: bool) -> int:
    """Exit status: 1 when `check` finds words that the manifest doesn't name."""
    found = unsigned() if check else sign()
    for line in found[:SHOWN]:
        print(line)
    if len(found) > SHOWN:
        print(f"and {len(found) - SHOWN} more")
    if check:
        print(f"{len(found)} editions differ from {MANIFEST.name}: `make approved`" if found else "every edition is signed")
        return int(bool(found))
    print(f"{len(found)} editions are new in {MANIFEST.name}; who reviews its change signs them off")
    return 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
