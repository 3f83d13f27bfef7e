"""Vigil's entry point and composition root: `python worker.py --help` lists every command.

Exit status: 0 on success, 1 on failure, 2 on wrong use. Rooms are imported inside the commands: each loads only what it needs.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import reduce
from pathlib import Path
from typing import Any

import click

from domain.severity import SEVERITIES
from streams.commands import AS_JSON, Failure, dead_letters, deliveries, settings, told

EVENTS = click.argument("events", nargs=-1, required=True, type=click.Path(allow_dash=True))
FILE = click.Path(dir_okay=False, path_type=Path)
CONFIG = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Vigil watches accounts of a crypto exchange and tells their owners first."""


@cli.command()
@click.option("--seconds", type=click.FloatRange(min=1), help="Stop by itself after so long.")
@click.option("--no-simulator", is_flag=True, help="Wait for your own events instead of the simulated exchange's.")
@click.option("--fresh", is_flag=True, help="Forget what earlier runs left in the data directory.")
@click.option("--users", type=click.IntRange(min=1), default=200, show_default=True, help="People of the simulated exchange.")
@click.option("--seed", type=int, default=7, show_default=True, help="Of the simulated exchange.")
def run(**options: Any) -> None:
    """Everything on this machine, with a simulated exchange. Broker, Redis, mail catcher, worker and console in one."""
    from console.sessions import Sessions, Signer
    from console.staff import StaffFile
    from embedded.run import run as run_embedded

    def sign_in(public_url: str, secret: str) -> str:
        return Sessions(Signer(secret), StaffFile(None), embedded=True).one_time_link(public_url)

    sys.exit(run_embedded(settings(), sign_in=sign_in, **options))


@cli.command()
@click.option(
    "--role", type=click.Choice(["detect", "notify", "train", "all"]), default="all", show_default=True, help="Only that process."
)
def worker(role: str) -> None:
    """The worker alone, against your Kafka, Redis and SQL. Prints `ready` when it consumes."""
    from streams.run import run_worker

    sys.exit(run_worker(settings(), role))


@cli.group(invoke_without_command=True)
@click.pass_context
def console(context: click.Context) -> None:
    """The web console alone."""
    if context.invoked_subcommand is None:
        from console.serve import serve
        from embedded.mailbox import Mailbox, folder

        told(lambda: serve(chosen := settings(), Mailbox(folder(chosen.data_dir))))


@console.command("add-user")
@click.argument("name")
@click.option("--role", "roles", multiple=True, required=True, help="security, compliance or admin; may be given more than once.")
@click.password_option()
def console_add_user(name: str, roles: tuple[str, ...], password: str) -> None:
    """Lets a colleague sign in, or changes password and roles. In the file of VIGIL_CONSOLE__USERS_FILE."""
    from console.staff import add_user

    if (path := settings().console.users_file) is None:
        raise Failure("VIGIL_CONSOLE__USERS_FILE: expected the path of the file that holds the staff")
    told(lambda: add_user(path, name, list(roles), password))
    click.echo(f"{name} may sign in as {', '.join(roles)}")


@cli.command()
@click.option("--seed", type=int, default=7, show_default=True)
@click.option("--users", type=click.IntRange(min=1), default=200, show_default=True)
@click.option("--rate", type=click.FloatRange(min=0.01), default=5.0, show_default=True, help="Events a second.")
@click.option("--seconds", type=click.FloatRange(min=0), help="Stop after so long; default: go on.")
@click.option("--days", type=click.IntRange(min=0), default=30, show_default=True, help="Quiet history published first.")
@click.option("--labels", type=FILE, help="Write the truth here: one JSON line per attack event.")
@click.option(
    "--output", type=FILE, help="Write a file for score and backtest instead of publishing: --days of history, --seconds of attacks."
)
def simulate(**options: Any) -> None:
    """The simulated exchange, to the configured Kafka or a file."""
    from embedded.exchange.publish import simulate as publish

    sys.exit(publish(settings(), **options))


@cli.group()
def topics() -> None:
    """The topics at the broker."""


@topics.command("create")
def topics_create() -> None:
    """Creates the topics that are missing."""
    from streams.topics import create_topics

    sys.exit(create_topics(settings()))


@cli.command()
def doctor() -> None:
    """Checks settings, files and every connection, a line each."""
    from streams.doctor import doctor as check

    sys.exit(check(settings()))


@cli.command()
@AS_JSON
def rebuild(as_json: bool) -> None:
    """Relearns profiles from Kafka, and sends nothing. Shows what would have been sent."""
    from streams.rebuild import rebuild as relearn

    sys.exit(relearn(settings(), as_json=as_json))


def engine(config: Path | None = None) -> Any:
    """The detection engine without a broker. `config`: instead of config/detectors.yaml."""
    from streams.opened import engine_of

    return told(lambda: engine_of(settings(), config=config))


@cli.command()
@EVENTS
@click.option("--output", required=True, type=FILE, help="One JSON line per event that isn't a verdict.")
@click.option("--without-supervised", is_flag=True, help="Statistics and rules only: verdicts train no classifier.")
def score(events: tuple[str, ...], output: Path, without_supervised: bool) -> None:
    """Replays events through the detectors; nothing is sent. EVENTS: .jsonl in event time, also .gz and .zst; - is standard input."""
    from detectors.score import score_files

    sys.exit(told(lambda: score_files(events, output, engine(), supervised=not without_supervised)))


@cli.command()
@EVENTS
@click.option("--candidate", required=True, type=CONFIG, help="A detectors.yaml to compare with today's.")
@AS_JSON
def backtest(events: tuple[str, ...], candidate: Path, as_json: bool) -> None:
    """A candidate configuration against today's, on history. Hits by detector, and who would be told what by which channel."""
    from streams.backtest import backtest as compare

    sys.exit(told(lambda: compare(events, engine(), engine(candidate), as_json=as_json)))


@cli.group()
def detectors() -> None:
    """The catalogue of detectors."""


@detectors.command("list")
@AS_JSON
def detectors_list(as_json: bool) -> None:
    """Every detector: family, severity, threshold, on or off."""
    from detectors.catalogue import print_catalogue

    print_catalogue(engine().registry, as_json=as_json)


@detectors.command("test")
@click.argument("ids", nargs=-1, metavar="[ID]...")
def detectors_test(ids: tuple[str, ...]) -> None:
    """Runs the cases in the .yml files."""
    from detectors.cases import run_and_print

    sys.exit(told(lambda: run_and_print(ids)))


@detectors.command("docs")
def detectors_docs() -> None:
    """Writes docs/detectors/ from the .yml files."""
    from detectors.pages import write_and_print

    sys.exit(told(write_and_print))


@cli.group()
def locales() -> None:
    """The languages of the notices."""


@locales.command("check")
def locales_check() -> None:
    """Every key and placeholder in every language. Says what to do about each problem."""
    from notices.compose.locales import check_and_print

    sys.exit(check_and_print())


@locales.command("extract")
def locales_extract() -> None:
    """Collects the texts to translate. From templates and code into notices/locale/."""
    from notices.compose.locales import extract

    for path in extract():
        click.echo(path.relative_to(Path(__file__).parent))


@locales.command("pseudo")
@click.argument("kind", nargs=-1, metavar="[KIND]...")
def locales_pseudo(kind: tuple[str, ...]) -> None:
    """Notices in a language that nobody speaks. What stands outside the brackets isn't translated."""
    from notices.compose.pseudo import print_kinds
    from notices.compose.templates import UnknownKind

    try:
        print_kinds(kind)
    except UnknownKind as error:
        raise click.BadParameter(f"no such kind: {error}") from None


@contextmanager
def book_and_store(*, check_key: bool = True) -> Iterator[tuple[Any, Any]]:
    """The ledger's book and the SQL store, closed at the end."""
    from domain.ports import Unavailable
    from streams.opened import ledger_of

    try:
        with ledger_of(settings(), check_key=check_key) as both:
            yield both
    except (ValueError, RuntimeError, OSError, Unavailable) as error:
        raise Failure(str(error)) from None


MOMENT = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"])
FILTERS = (
    click.option("--text", help="In a subject or title."),
    click.option("--until", type=MOMENT, help="Recorded before, UTC."),
    click.option("--since", type=MOMENT, help="Recorded at or after, UTC."),
    click.option("--status", help="Of a delivery: sent, delivered, failed, ..."),
    click.option("--channel", type=click.Choice(["email", "sms", "inapp"])),
    click.option("--severity", type=click.Choice(SEVERITIES)),
    click.option("--kind", help="E.g. login_new_device."),
    click.option("--user", "user_id"),
)


def ledger_query(command: Callable[..., Any]) -> Callable[..., Any]:
    """The conditions that `ledger search` and `ledger export` share; all given ones hold."""
    return reduce(lambda made, option: option(made), FILTERS, command)


@cli.group()
def ledger() -> None:
    """What was sent, why, and what came of it."""


@ledger.command("verify")
def ledger_verify() -> None:
    """Checks every entry, seal and hash. Names the first that was altered, is missing or out of order; works beside a running worker."""
    from ledger.verify import verify

    with book_and_store(check_key=False) as (book, store), click.progressbar(length=1, label="checking", file=sys.stderr) as bar:

        def progress(done: int, of: int) -> None:
            bar.length = max(of, 1)
            bar.update(done - bar.pos)

        result = verify(book, store.ledger, progress)
    click.echo(str(result))
    sys.exit(0 if result.ok else 1)


@ledger.command("search")
@ledger_query
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True)
@AS_JSON
def ledger_search(limit: int, as_json: bool, **conditions: Any) -> None:
    """Notices that match, newest first; contacts masked."""
    from itertools import islice

    import msgspec

    from ledger.search import Query, as_line, counted, search

    with book_and_store() as (book, store):
        found = list(islice(search(book, store.ledger, Query.of(conditions)), limit))
    if as_json:
        click.echo(msgspec.json.encode(found).decode())
        return
    for one in found:
        click.echo(as_line(one))
    click.echo(counted(len(found)) + (f", the newest {limit}; --limit shows more" if len(found) == limit else ""), err=True)


@ledger.command("export")
@ledger_query
@click.option("--format", "form", type=click.Choice(["csv", "json"]), default="json", show_default=True)
@click.option("--output", type=click.File("w", encoding="utf-8", lazy=True), default="-")
@click.option("--reveal", metavar="REASON", help="Contacts and messages whole; the reason is written to the ledger.")
@click.option("--by", "who", default="", help="Who reveals; required with --reveal.")
def ledger_export(form: str, output: Any, reveal: str | None, who: str, **conditions: Any) -> None:
    """Every notice that matches, whole, as CSV or JSON. With evidence, deliveries and answers; contacts masked unless revealed."""
    from ledger.export import write
    from ledger.search import Query, counted

    with book_and_store() as (book, store):
        count = write(output, book, store.ledger, form, Query.of(conditions), who=who, reveal=reveal)  # type: ignore[arg-type]
    click.echo(counted(count), err=True)


@cli.command()
@click.argument("file", type=click.Path(exists=True, allow_dash=True))
def bounces(file: str) -> None:
    """Takes mails that came back (RFC 3464). FILE: a mail, an mbox, a Maildir, or `-` for a mail server's pipe."""
    from streams.bounces import take_and_tell

    told(lambda: take_and_tell(settings(), file))


@cli.command()
@click.argument("id_", metavar="ID")
@AS_JSON
def explain(id_: str, as_json: bool) -> None:
    """One notice, finding or event: from offset to receipt."""
    from ledger import explain as ways

    with book_and_store() as (book, store):
        found = ways.explain(book, store.ledger, id_)
    if found is None:
        raise Failure(f"nothing is known of {id_}: neither a notice, a finding nor an event with a finding has this id")
    click.echo(ways.as_json(found) if as_json else ways.as_text(found))


cli.add_command(dead_letters)
cli.add_command(deliveries)


@cli.command()
@click.option("--release", is_flag=True, help="Also freeze them as what later changes must stay compatible with.")
def schemas(release: bool) -> None:
    """Writes docs/schemas/ from the event structs. JSON Schema and AsyncAPI."""
    from streams.documents import write_schemas

    write_schemas(Path(__file__).parent, release=release)


if __name__ == "__main__":
    cli()
