"""What `worker.py --help` says, and what the commands say to wrong use."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from worker import cli


def every(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Each command below a group with the words that call it, groups too."""
    for name, command in group.commands.items():
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from every(command, (*path, name))


COMMANDS = dict(every(cli))


@pytest.mark.parametrize("group", [(), *(path for path, command in COMMANDS.items() if isinstance(command, click.Group))], ids=" ".join)
def test_lists_of_commands_say_whole_sentences(group: tuple[str, ...]) -> None:
    """Nothing ends in dots at the width of eighty characters."""
    said = CliRunner().invoke(cli, [*group, "--help"], terminal_width=80).output
    _, _, listed = said.partition("Commands:")

    assert listed
    assert [line for line in listed.splitlines() if line.endswith("...")] == []


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_each_command_explains_itself(path: tuple[str, ...]) -> None:
    """`--help` succeeds and has a sentence."""
    answer = CliRunner().invoke(cli, [*path, "--help"])

    assert answer.exit_code == 0
    assert COMMANDS[path].help


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_wrong_use_ends_with_two(path: tuple[str, ...]) -> None:
    """An option that isn't there; the message names it."""
    answer = CliRunner().invoke(cli, [*path, "--no-such-option"])

    assert answer.exit_code == 2
    assert "--no-such-option" in answer.output
