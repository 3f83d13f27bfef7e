"""docs/detectors/: a page a family, written from the .yml files and the modules beside them, so that it says what the code does."""

from __future__ import annotations

import inspect
import re
import sys
from itertools import groupby
from pathlib import Path
from typing import Any

from detectors.registry import ROOT, Entry, Registry
from domain.facts import FEATURES

FOLDER = ROOT.parent / "docs" / "detectors"
_PARAMETER = re.compile(r"^  (\w+):.*?(?:\s#\s*(.*))?$")
_TITLES = {
    "login": "Sign-ins",
    "transfer": "Transfers",
    "trading": "Trading and API keys",
    "account": "Account settings",
    "margin": "Margin",
    "service": "Service",
    "campaign": "Campaigns",
    "stories": "Stories",
}
_MADE = "<!-- written by `python worker.py detectors docs` from the .yml files; change those -->\n"


def documents(registry: Registry) -> dict[str, str]:
    """File name -> text, of every page."""
    families = {name: list(entries) for name, entries in groupby(registry.entries.values(), key=lambda entry: entry.family)}
    return {"README.md": _index(families)} | {f"{name}.md": _family(name, entries) for name, entries in families.items()}


def write_and_print(folder: Path = FOLDER) -> int:
    """For the command line: writes the pages, removes those of families that are gone, says what changed."""
    folder.mkdir(parents=True, exist_ok=True)
    pages = documents(Registry.load())
    for path in folder.glob("*.md"):
        if path.name not in pages:
            path.unlink()
            print(f"removed {path.name}")
    for name, text in pages.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(f"wrote   {name}")
    print(f"{len(pages)} pages in {folder}", file=sys.stderr)
    return 0


def _index(families: dict[str, list[Entry]]) -> str:
    lines = [_MADE, "\n# The detectors\n\n", "Severities are the detectors' own; what each brings is in `config/notices.yaml`.\n"]
    for family, entries in families.items():
        lines += [f"\n## [{_TITLES.get(family, family)}]({family}.md)\n\n", "| id | fires when | severity |\n", "| --- | --- | --- |\n"]
        lines += [f"| [`{e.id}`]({family}.md#{e.id}) | {_cell(e.description)} | {e.severity} |\n" for e in entries]
    return _joined(lines)


def _family(family: str, entries: list[Entry]) -> str:
    lines = [_MADE, f"\n# {_TITLES.get(family, family)}\n"]
    for entry in entries:
        lines += ["\n", *_entry(entry)]
    return _joined(lines)


def _entry(entry: Entry) -> list[str]:
    about = [f"severity {entry.severity}", f"version {entry.version}"]
    if entry.audience == "team":
        about.append("for the security team alone")
    if entry.detector is not None:
        about.insert(1, f"threshold {entry.threshold:g}")
    where = f"{', '.join(entry.taxonomy)}; `detectors/{entry.path}`"
    lines = [f"## {entry.id}\n\n", f"{entry.description}\n\n", f"*{', '.join(about)}; {where}*\n"]
    module = inspect.getmodule(type(entry.detector)) if entry.detector is not None else None
    if module is not None and module.__doc__:
        lines += ["\n", *(f"> {line}".rstrip() + "\n" for line in inspect.cleandoc(module.__doc__).splitlines())]
    if entry.parameters:
        said = _comments(ROOT / entry.path)
        lines += ["\n| parameter | default | |\n", "| --- | --- | --- |\n"]
        lines += [f"| `{name}` | {_value(value)} | {_cell(said.get(name, ''))} |\n" for name, value in entry.parameters.items()]
    lines += ["\nIt may name:\n\n", *(f"- `{name}`: {FEATURES[name]}\n" for name in entry.why)]
    for fires, title in ((True, "Fires"), (False, "Stays silent")):
        names = [str(case.get("name")) for case in entry.cases if bool(case.get("fires")) == fires]
        lines += [f"\n{title}:\n\n", *(f"- {name}\n" for name in names)]
    return lines


def _comments(path: Path) -> dict[str, str]:
    """What the comments beside the parameters of a .yml say."""
    said: dict[str, str] = {}
    within = False
    for line in path.read_text(encoding="utf-8").splitlines():
        if within and line and not line.startswith(" "):
            break
        found = _PARAMETER.match(line) if within else None
        if found and found.group(2):
            said[found.group(1)] = found.group(2)
        within = within or line.startswith("parameters:")
    return said


def _value(value: Any) -> str:
    return ", ".join(map(_value, value)) if isinstance(value, list) else f"{value:g}" if isinstance(value, float) else _cell(str(value))


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _joined(lines: list[str]) -> str:
    return "".join(lines)
