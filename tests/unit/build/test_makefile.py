"""The Makefile explains itself, and its locks can be installed anywhere."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
MAKEFILE = (ROOT / "Makefile").read_text()


def test_help_explains_every_target_and_is_what_make_alone_says() -> None:
    """Each phony target has its line."""
    said = subprocess.run(["make"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    targets = next(re.finditer(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)).group(1).split()

    for target in targets:
        assert re.search(rf"^  make {target} +\S", said, re.MULTILINE), target


@pytest.mark.parametrize("name", ["setup", "run", "test", "test-unit", "bench", "lint", "types", "schemas", "locales", "lock", "clean"])
def test_a_promised_target_exists(name: str) -> None:
    """These are the names that people and CI know."""
    assert re.search(rf"^{name}:", MAKEFILE, re.MULTILINE)


@pytest.mark.parametrize("lock", sorted(path.name for path in ROOT.glob("requirements*.lock")))
def test_a_lock_names_no_host_and_hashes_every_package(lock: str) -> None:
    """So it works behind any mirror, and takes nothing but what was locked."""
    lines = (ROOT / lock).read_text()
    pins = re.findall(r"^[a-z0-9][\w.-]*(?:\[[\w,-]+\])?==[^\s\\]+.*$", lines, re.MULTILINE)

    assert pins
    assert all(pin.endswith("\\") for pin in pins)
    assert "://" not in lines
    assert "--index-url" not in lines


def test_a_python_that_is_too_old_is_refused_in_words(tmp_path: Path) -> None:
    """The message names what is there and what is needed; nothing is made."""
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\n[ \"$1\" = --version ] && echo 'Python 3.9.2' && exit 0\nexit 1\n")
    old.chmod(0o755)
    done = make_venv(tmp_path, str(old))

    assert done.returncode == 1
    assert "Vigil needs Python 3.11, 3.12 or 3.13; here is Python 3.9.2" in done.stderr
    assert not (tmp_path / "venv").exists()


def test_a_python_without_venv_says_which_package_is_missing(tmp_path: Path) -> None:
    """Debian's python3 comes without ensurepip."""
    bare = tmp_path / "python3"
    bare.write_text(
        "#!/bin/sh\ncase \"$*\" in --version) echo 'Python 3.12.3';; *-m*venv*) echo 'ensurepip is not available'; exit 1;;"
        " *print*) echo python3.12-venv;; esac\nexit 0\n"
    )
    bare.chmod(0o755)
    done = make_venv(tmp_path, str(bare))

    assert done.returncode == 1
    assert "ensurepip is not available" in done.stderr
    assert "apt-get install python3.12-venv" in done.stderr


def make_venv(folder: Path, python: str) -> "subprocess.CompletedProcess[str]":
    """scripts/make-venv with this Python as the only one."""
    environment = {"PATH": f"{folder}:/usr/bin:/bin", "PYTHON": python}
    return subprocess.run(
        ["bash", ROOT / "scripts/make-venv", folder / "venv", ROOT / "requirements-uv.lock"],
        env=environment,
        capture_output=True,
        text=True,
    )
