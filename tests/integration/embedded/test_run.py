"""`worker.py run`, as a newcomer runs it: it comes up, somebody is told, and afterwards nothing is left."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from embedded.mailbox import Mailbox, folder
from embedded.processes import free_port, port_free
from embedded.sms_gateway import Texts
from tests.support.background import PATIENCE, wait_until
from tests.support.surroundings import lent

ROOT = Path(__file__).parents[3]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]
START = 240
"""Seconds a start may take on a machine that does other things as well; conditions are waited for, so it costs nothing elsewhere."""


NOTHING = {"processes": [], "files": [], "port free": True}


class Run:
    """One `worker.py run` over a data folder of its own."""

    def __init__(self, data: Path, *options: str):
        self.data, self.port = data, free_port()
        lent(data)
        self.out = data.with_suffix(f".{self.port}.out")
        environment = {k: v for k, v in os.environ.items() if not k.startswith("VIGIL_")}
        environment |= {"VIGIL_DATA_DIR": str(data), "VIGIL_CONSOLE__PORT": str(self.port), "PYTHONUNBUFFERED": "1"}
        with open(self.out, "wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "worker.py", "run", "--users", "40", *options], cwd=ROOT, env=environment,
                stdout=out, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip

    @property
    def said(self) -> str:
        return self.out.read_text(errors="replace")

    def wait(self, condition: Callable[[], object], timeout: float, what: str) -> None:
        """Until it holds; at once an error when the run ends before."""
        wait_until(lambda: condition() or self.process.poll() is not None, timeout, lambda: f"{what}\n{self.said}")
        assert self.process.poll() is None, self.said

    def link(self) -> str:
        """The sign-in link, once it is printed."""
        self.wait(lambda: "/sign-in/once/" in self.said, START, "a sign-in link")
        found = re.search(r"http://127\.0\.0\.1:\d+/sign-in/once/\S+", self.said)
        assert found
        return found.group()

    def end(self) -> None:
        """Ctrl-C: it ends well, and nothing is left."""
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(START) == 0, self.said
        assert self.left() == NOTHING

    def processes(self) -> list[str]:
        """Command lines of the processes that work for this data folder."""
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                about = (entry / "environ").read_bytes() + (entry / "cmdline").read_bytes()
                state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
            except OSError:
                continue
            if str(self.data).encode() in about and state != "Z":
                found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        return found

    def left(self) -> dict[str, object]:
        """What a run must not leave: processes, half-written files, sockets, a taken port."""
        odd = [str(p) for p in self.data.rglob("*") if p.suffix in (".tmp", ".partial") or p.name == "environment" or p.is_socket()]
        return {"processes": self.processes(), "files": odd, "port free": port_free(self.port)}


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[..., Run]]:
    """`run(*options)` over one data folder a test."""
    made: list[Run] = []

    def start(*options: str) -> Run:
        made.append(Run(tmp_path / "var", *options))
        return made[-1]

    yield start
    for one in made:
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait()


def test_a_newcomer_sees_attacks_told_ends_it_without_a_trace_and_goes_on_later(run: Callable[..., Run]) -> None:
    """Cold start, mails and texts in several languages, the console behind its link; Ctrl-C; a second run that goes on."""
    first = run()
    link = first.link()
    mailbox = Mailbox(folder(first.data))
    first.wait(lambda: mailbox.list(), START, "a mail")
    assert (first.data / "environment").stat().st_mode & 0o077 == 0
    sound = subprocess.run(
        ["sh", "-c", f". {first.data}/environment && {sys.executable} worker.py ledger verify"], cwd=ROOT, capture_output=True, text=True
    )
    assert sound.returncode == 0, sound.stderr
    assert sound.stdout.startswith("unaltered: ")

    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    with opener.open(link, timeout=PATIENCE) as page:
        assert page.status == 200
    with opener.open(link.split("/sign-in/")[0] + "/mailbox", timeout=PATIENCE) as page:
        assert mailbox.list()[-1].recipient in page.read().decode()
    first.wait(
        lambda: len({m.locale for m in mailbox.list()}) >= 2 and Texts(first.data / "texts").list(), START, "two languages and a text"
    )
    first.end()
    mails, past = len(mailbox.list(1000)), json.loads((first.data / "exchange.json").read_text())

    second = run()
    second.link()
    second.wait(lambda: len(mailbox.list(1000)) > mails, START, "another mail")
    second.end()
    published = re.search(r"([\d,]+) events of their past published", second.said)

    assert published
    assert int(published.group(1).replace(",", "")) < 50  # what they did since the first run; not the month before
    assert json.loads((first.data / "exchange.json").read_text())["origin"] == past["origin"]


def test_a_killed_run_leaves_no_process_and_a_fresh_one_forgets_what_is_ours_and_nothing_else(run: Callable[..., Run]) -> None:
    """While one runs, another one over the same folder is refused; kill -9: the kernel ends the children; --fresh keeps a stranger's file."""
    first = run("--no-simulator")
    first.link()
    refused = run("--no-simulator")
    assert refused.process.wait(START) == 1
    assert "VIGIL_DATA_DIR" in refused.said
    assert first.process.poll() is None

    assert len(first.processes()) >= 5
    first.process.kill()
    first.process.wait()
    wait_until(lambda: not first.processes(), what=lambda: str(first.processes()))
    (first.data / "mailbox" / "0000000000000001-0000.eml").write_bytes(b"old")
    (first.data / "mine.txt").write_text("keep me")

    fresh = run("--no-simulator", "--fresh", "--seconds", "1")
    assert fresh.process.wait(START) == 0, fresh.said
    assert fresh.left() == NOTHING
    assert Mailbox(folder(first.data)).list() == []
    assert (first.data / "mine.txt").read_text() == "keep me"
