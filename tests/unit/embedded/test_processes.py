"""Child processes end with us, and nothing of them is left."""

import os
import signal
import socket
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from embedded.processes import Child, ChildFailed, free_port, port_free
from embedded.stack import as_shell
from tests.support.background import wait_until

pytestmark = pytest.mark.slow


def gone(pid: int) -> bool:
    """True when no such process runs (a zombie that waits for its parent counts as gone)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:  # it may also end while we read
        return True


async def test_a_child_is_asked_to_end_and_its_status_told(tmp_path: Path) -> None:
    """SIGTERM comes first, so that it can finish what it does."""
    code = "import signal, sys, time\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(7))\nprint('up', flush=True)\ntime.sleep(60)"
    child = Child("polite", [sys.executable, "-c", code], log=tmp_path / "log")
    child.start()
    await child.until(lambda: "up" in child.tail(), 60)

    assert await child.stop() == 7


async def test_what_a_child_started_goes_with_it(tmp_path: Path) -> None:
    """Its whole process group is ended, also when it ignores SIGTERM."""
    code = (
        "import signal, subprocess, sys, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']).pid, flush=True)\ntime.sleep(60)"
    )
    child = Child("stubborn", [sys.executable, "-c", code], log=tmp_path / "log")
    child.start()
    await child.until(lambda: child.tail().strip().isdigit(), 60)
    grandchild = int(child.tail())

    assert await child.stop(timeout=0.1) == -signal.SIGKILL
    wait_until(lambda: gone(grandchild))


async def test_a_child_that_ends_early_says_why(tmp_path: Path) -> None:
    """The error holds the last lines of its log."""
    child = Child("broken", [sys.executable, "-c", "raise SystemExit('no such disk')"], log=tmp_path / "log")
    child.start()

    with pytest.raises(ChildFailed, match="no such disk"):
        await child.until(lambda: False, 60)


@pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG is Linux's")
def test_children_end_when_we_are_killed(tmp_path: Path) -> None:
    """kill -9 of the parent leaves no child."""
    code = f"""
    import sys, time
    from pathlib import Path
    from embedded.processes import Child
    child = Child("sleeper", [sys.executable, "-c", "import time; time.sleep(60)"], log=Path({str(tmp_path / "log")!r}))
    child.start()
    print(child.pid, flush=True)
    time.sleep(60)
    """
    parent = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, cwd=Path(__file__).parents[3])
    assert parent.stdout
    pid = int(parent.stdout.readline())
    assert not gone(pid)

    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    parent.stdout.close()

    wait_until(lambda: gone(pid))


def test_free_ports_are_free_and_taken_ones_are_not() -> None:
    """A port with a listener is taken."""
    port = free_port()
    assert port_free(port)
    with socket.create_server(("127.0.0.1", port)):
        assert not port_free(port)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert not port_free(taken.getsockname()[1])


@pytest.mark.skipif(sys.platform != "linux", reason="other systems don't share a port that is bound only")
def test_a_port_that_was_given_is_given_to_nobody_else() -> None:
    """Neither to whoever asks the system for any port nor, later, to ourselves: its server may need a while to come up."""
    ours = {free_port() for _ in range(100)}
    others = set[int]()
    for _ in range(2_000):
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            others.add(other.getsockname()[1])

    assert len(ours) == 100
    assert ours & others == set()


def test_settings_for_a_shell_come_out_as_they_are() -> None:
    """Whatever is in them: quotes, brackets, dollars, spaces."""
    given = {"VIGIL_EMAIL__URLS": '["mailto://h:25/?from=a%40b&mode=insecure"]', "VIGIL_X": "it's $HOME `x` \\ é"}
    printed = 'printf "%s\\n%s" "$VIGIL_EMAIL__URLS" "$VIGIL_X"'
    said = subprocess.run(["sh", "-c", as_shell(given) + printed], capture_output=True, text=True, check=True).stdout

    assert said.split("\n") == list(given.values())
