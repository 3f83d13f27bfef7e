"""What README, changelog and docs/ point at is there: files, anchors, commands with their options, targets, settings, metrics."""

from __future__ import annotations

import re
import shlex
from itertools import chain
from pathlib import Path

import click
import pytest

from config.settings import Settings
from worker import cli

ROOT = Path(__file__).parents[3]
ROOMS = (
    ".ci",
    "benchmarks",
    "config",
    "console",
    "detectors",
    "docs",
    "domain",
    "embedded",
    "ledger",
    "notices",
    "scripts",
    "stores",
    "streams",
    "tests",
)
PAGES = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in
         [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]}  # fmt: skip
OTHERS = {name: (ROOT / name).read_text(encoding="utf-8") for name in ("NOTICE", "Dockerfile", "docker-compose.yml", "Makefile", "worker.py",
          "config/vigil.yaml", "config/detectors.yaml", "config/notices.yaml", "scripts/make-secrets")}  # fmt: skip
FILES = {f"/{path.relative_to(ROOT)}" for path in chain(ROOT.glob("*"), *((ROOT / room).rglob("*") for room in ROOMS))}
MADE_UP = {
    "docs/announcements.md": {"btc/usdt"},
    "docs/inbox.md": {"Asia/Taipei"},
    "docs/mappings.md": {"config/mappings/*.yaml"},
    "docs/quality.md": {"labels/combined_windows.json"},
    "docs/stories.md": {"session/device"},
}
"""What looks like a path of the repository and isn't meant as one."""
CODE = "\n".join(path.read_text(encoding="utf-8") for room in ("streams", "console") for path in sorted((ROOT / room).glob("*.py")))


def anchors(text: str) -> set[str]:
    """The anchors of a page as GitHub makes them of its headings."""
    found: list[str] = []
    for heading in re.findall(r"^#+ +(.+?)\s*$", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL), re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
        slug = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        found.append(slug if slug not in found else f"{slug}-{found.count(slug)}")
    return set(found)


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: str) -> None:
    """To a file of the repository and to a heading in it."""
    folder = (ROOT / page).parent
    for target in re.findall(r"\]\(([^)\s]+)\)", PAGES[page]):
        if re.match(r"https?:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (folder / path).resolve() if path else ROOT / page

        assert file.exists(), f"{page}: {target}"
        assert not anchor or anchor in anchors(file.read_text(encoding="utf-8")), f"{page}: no heading for {target}"


def test_readme_leads_to_every_page() -> None:
    """Each page of docs/ is linked from the README; those of single families from their own list."""
    linked = {target.partition("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", PAGES["README.md"])}

    assert [page for page in PAGES if re.fullmatch(r"docs/[^/]+\.md", page) and page not in linked] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_file_it_names_exists(page: str) -> None:
    """A path in code style is that of a file or folder, whole or by its end; capitals and stars stand for any name."""
    for name in re.findall(r"`([\w./*-]+)`", PAGES[page]):
        if not ("/" in name.strip("/") or re.search(r"\w\.(py|yml|yaml|json|sh|jinja|js|po)$", name)) or name.startswith("/"):
            continue
        pattern = re.sub(r"\\\*|[A-Z]{2,}(?=/|\\\.)", "[^/]*", re.escape("/" + name.strip("/")))

        assert name in MADE_UP.get(page, ()) or any(re.search(pattern + "$", path) for path in FILES), f"{page}: {name}"


def commands(text: str) -> list[str]:
    """Each `worker.py ...` in a text, as it would be typed, without what follows in words."""
    found = re.findall(r"(?<!`)worker\.py ((?:[a-z-]+|--help)[^`\n|&\"]*)", text)
    return [re.split(r"\s+#|  ", one)[0].strip() for one in found]


@pytest.mark.parametrize(
    ("page", "line"), [(page, line) for page, text in (PAGES | {"Makefile": OTHERS["Makefile"]}).items() for line in commands(text)]
)
def test_every_command_exists_with_its_options(page: str, line: str) -> None:
    """What a page tells people to type is understood, as far as it can be without being run."""
    words = [re.sub(r"^\[(\w+)\]$", r"\1", word).rstrip(".,;:)") for word in shlex.split(line)]
    command: click.Command = cli
    while isinstance(command, click.Group) and words and words[0] in command.commands:
        command = command.commands[words.pop(0)]
    if command is cli and words == ["--help"]:
        return

    assert command is not cli, f"{page}: there is no command {line!r}"
    options = {name for parameter in command.params for name in parameter.opts}
    assert {word.partition("=")[0] for word in words if word.startswith("--")} <= options | {"--help"}, f"{page}: {line}"


def test_a_command_that_is_not_there_would_be_noticed() -> None:
    """The test above can fail."""
    with pytest.raises(AssertionError, match="no command"):
        test_every_command_exists_with_its_options("page", "doktor")
    with pytest.raises(AssertionError, match="page: score"):
        test_every_command_exists_with_its_options("page", "score events.jsonl --out scores.jsonl")


@pytest.mark.parametrize("page", PAGES)
def test_every_target_and_benchmark_exists(page: str) -> None:
    """`make X` in code, and `python -m benchmarks.X --option`."""
    targets = set(re.findall(r"^([a-z-]+):", OTHERS["Makefile"], re.MULTILINE))
    for target in re.findall(r"(?:^    |`|\" )make ([a-z-]+)", PAGES[page], re.MULTILINE):
        assert target in targets, f"{page}: make {target}"
    for module, rest in re.findall(r"-m (benchmarks[\w.]*|notices[\w.]+)([^`\n]*)", PAGES[page]):
        file = ROOT / (module.replace(".", "/") + ".py")
        assert file.exists(), f"{page}: {module}"
        for option in re.findall(r"(--[a-z-]+)", rest):
            assert f'"{option}"' in file.read_text(encoding="utf-8"), f"{page}: {module} {option}"


def settings_named(text: str) -> set[str]:
    """Whole names of settings in a text; those of patterns and file-borne ones are brought to the setting's own."""
    return {
        name.removesuffix("_FILE") if name != "VIGIL_CONSOLE__USERS_FILE" else name for name in re.findall(r"\bVIGIL_[A-Z_]*[A-Z]\b", text)
    }


@pytest.mark.parametrize("page", [*PAGES, *OTHERS])
def test_every_setting_it_names_exists(page: str) -> None:
    """Also those given by file; one that is told in `section.name` style is read alike."""
    known = set(re.findall(r"^\| `(VIGIL_[A-Z_]+)`", PAGES["docs/settings.md"], re.MULTILINE))  # held to the code by another test

    assert settings_named((PAGES | OTHERS)[page]) <= known


def test_the_defaults_in_the_table_are_the_codes() -> None:
    """Where docs/settings.md shows a default in code style, it is the one in effect."""
    rows = re.findall(r"^\| `VIGIL_([A-Z_]+)` \| `([^`]*)`", PAGES["docs/settings.md"], re.MULTILINE)
    assert len(rows) > 30
    for name, shown in rows:
        value: object = Settings()
        for part in name.lower().split("__"):
            value = getattr(value, part)
        if isinstance(value, Path):
            value = value.relative_to(ROOT) if value.is_absolute() else value
        if hasattr(value, "get_secret_value"):
            value = value.get_secret_value()
        said = str(value).lower() if isinstance(value, bool) else str(value).replace("'", '"')

        assert shown == said, name


@pytest.mark.parametrize("page", PAGES)
def test_every_metric_it_names_is_told(page: str) -> None:
    """By the name that Prometheus sees: a counter's ends in _total."""
    counters = set(re.findall(r'(?:CounterMetricFamily|_counter)\(\s*"(vigil_\w+)"', CODE))
    others = set(re.findall(r'"(vigil_\w+)"', CODE)) - counters
    told = others | {f"{name}_total" for name in counters}
    for name in re.findall(r"\bvigil_[a-z_]+\b", PAGES[page]):
        assert name in told or name.startswith("vigil_alert_budget_"), f"{page}: {name}"
