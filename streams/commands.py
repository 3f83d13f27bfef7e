"""Commands about what didn't get through: records that couldn't be taken, messages that reached nobody.

Only click is imported here: what a command needs is loaded when it runs.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import click

from config.settings import Settings, SettingsError, load

T = TypeVar("T")
AS_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON document instead of words.")


class Failure(click.ClickException):
    """An error that the user can mend; the text says how."""

    exit_code = 1


def told(call: Callable[[], T]) -> T:
    """What the call returns; what a person can mend ends the command with its words."""
    from domain.ports import Unavailable

    try:
        return call()
    except (ValueError, RuntimeError, OSError, Unavailable) as error:
        raise Failure(str(error)) from None


def settings() -> Settings:
    """The settings, or an end with status 1 that names each mistake."""
    try:
        return load()
    except SettingsError as error:
        raise Failure(f"settings:\n{error}") from None


@click.group("dead-letters")
def dead_letters() -> None:
    """What could not be taken."""


@dead_letters.command("list")
@click.option("--topic", help="With or without the prefix.")
@click.option("--reason", help="A part of the reason.")
@click.option("--pending", is_flag=True, help="Only those not redriven.")
@AS_JSON
def dead_letters_list(**options: Any) -> None:
    """Each with topic, partition, offset, field and reason."""
    from streams.deadletters import list_dead_letters

    sys.exit(told(lambda: list_dead_letters(settings(), **options)))


@dead_letters.command("redrive")
@click.argument("places", nargs=-1, metavar="[TOPIC/PARTITION/OFFSET]...")
@click.option("--all", "everything", is_flag=True, help="Whatever there is.")
@click.option("--topic", help="With or without the prefix.")
@click.option("--reason", help="A part of the reason.")
@click.option("--again", is_flag=True, help="Also those that were redriven before.")
def dead_letters_redrive(places: tuple[str, ...], **options: Any) -> None:
    """Gives records back to their topic, each once. With their own key and value; mend the cause first."""
    from streams.deadletters import redrive

    sys.exit(told(lambda: redrive(settings(), places, **options)))


@click.group()
def deliveries() -> None:
    """Messages that reached nobody, and sending them again."""


_STATUS = click.option(
    "--status", "statuses", multiple=True, type=click.Choice(["failed", "rejected", "bounced", "unknown"]),
    help="How it ended; may be given several times. Default: failed. `unknown` may have arrived: sent again, it may be told twice.",
)  # fmt: skip
_CHANNEL = click.option("--channel", type=click.Choice(["email", "sms", "inapp"]))
_REASON = click.option("--reason", help="A part of the reason.")
_DAYS = click.option("--days", type=click.FloatRange(min=0, min_open=True), help="Only what ended in the last so many days.")


@deliveries.command("list")
@click.argument("ids", nargs=-1, metavar="[ID]...")
@_STATUS
@_CHANNEL
@_REASON
@_DAYS
@click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True)
@AS_JSON
def deliveries_list(
    ids: tuple[str, ...], statuses: tuple[str, ...], channel: str | None, reason: str | None, days: float | None, **options: Any
) -> None:
    """Each with id, kind, channel and reason. The newest first; ID: of a delivery or a notice."""
    from streams.deliveries import list_deliveries, wanted

    meant = wanted(ids, statuses, channel, reason, days, datetime.now(UTC))
    sys.exit(told(lambda: list_deliveries(settings(), meant, **options)))


@deliveries.command("redrive")
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--all", "everything", is_flag=True, help="Whatever there is.")
@_STATUS
@_CHANNEL
@_REASON
@_DAYS
def deliveries_redrive(
    ids: tuple[str, ...], statuses: tuple[str, ...], channel: str | None, reason: str | None, days: float | None, everything: bool
) -> None:
    """Queues messages once more as they were. As composed, under the same Message-ID; a day of tries begins anew. Mend the cause first."""
    from streams.deliveries import redrive_deliveries, wanted

    meant = wanted(ids, statuses, channel, reason, days, datetime.now(UTC))
    sys.exit(told(lambda: redrive_deliveries(settings(), meant, everything=everything)))
