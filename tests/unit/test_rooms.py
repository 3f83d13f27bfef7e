"""The rooms of the design, and who may import whom."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("config", "domain", "detectors", "notices", "ledger", "stores", "streams", "console", "embedded")


def _modules() -> list[Path]:
    return [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]


@pytest.mark.slow
def test_the_import_arrows_hold():
    """The contracts in pyproject.toml are kept."""
    ran = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert ran.returncode == 0, ran.stdout[-3000:]


def test_only_config_reads_the_environment():
    """Elsewhere a setting is an argument; a child process gets its environment from embedded/ and streams/, which may copy it."""
    environment = ("environ", "getenv", "environb")
    readers = [
        str(path.relative_to(ROOT))
        for path in _modules()
        if path.relative_to(ROOT).parts[0] != "config" and any(name in path.read_text() for name in environment)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in environment
    ]

    assert readers == []


def test_domain_reads_no_clock_and_does_no_io():
    """Time is an argument there, and so is everything from outside."""
    forbidden = {"time", "open", "now", "utcnow", "today", "urandom", "getrandbits", "read_text", "write_text", "print"}
    calls = [
        (str(path.relative_to(ROOT)), name)
        for path in sorted((ROOT / "domain").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and (name := node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id if isinstance(node.func, ast.Name) else "")
        in forbidden
    ]

    assert calls == []


def test_no_file_outgrows_a_head():
    """About 200 lines are right, more than 400 are too many."""
    long = [f"{path.relative_to(ROOT)}: {lines}" for path in _modules() if (lines := len(path.read_text().splitlines())) > 400]

    assert long == []
