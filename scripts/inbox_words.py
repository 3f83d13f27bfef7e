"""Writes the words of the inbox component into console/static/vigil-inbox.js, from the catalogues. `make locales` runs it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from notices.compose.labels import all_labels  # noqa: E402

FILE = ROOT / "console" / "static" / "vigil-inbox.js"
BEGIN, END = "const WORDS = ", "/* Words end here. */"


def written(source: str) -> str:
    """The file's text with the words as they are now."""
    head, _, rest = source.partition(BEGIN)
    _, end, tail = rest.partition(END)
    lines = [f"  {json.dumps(locale)}: {json.dumps(words, ensure_ascii=False)},\n" for locale, words in all_labels().items()]
    return f"{head}{BEGIN}{{\n{''.join(lines)}}};\n{end}{tail}"


if __name__ == "__main__":
    FILE.write_text(written(FILE.read_text(encoding="utf-8")), encoding="utf-8")
