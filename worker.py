"""Vigil's entry point and composition root: `python worker.py --help` lists every command.

Each command exits 0 on success, 1 on failure, 2 on wrong use. Rooms are imported inside the commands, so that `--help` is quick and a
command loads only what it needs.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from config.settings import Settings, SettingsError, load

EVENTS = click.argument("events", nargs=-1, required=True, type=click.Path(allow_dash=True))
AS_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON document instead of words.")


class Failure(click.ClickException):
    """An error that the user can mend; the text says how."""

    exit_code = 1


def settings() -> Settings:
    """The settings, or an end with status 1 that names each mistake."""
    try:
        return load()
    except SettingsError as error:
        raise Failure(f"settings:\n{error}") from None


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Vigil watches accounts of a crypto exchange and tells their owners first."""


# -- running


@cli.command()
@click.option("--seconds", type=click.FloatRange(min=1), help="Stop by itself after so long.")
@click.option("--no-simulator", is_flag=True, help="Wait for your own events instead of the simulated exchange's.")
@click.option("--fresh", is_flag=True, help="Forget what earlier runs left in the data directory.")
@click.option("--users", type=click.IntRange(min=1), default=200, show_default=True, help="People of the simulated exchange.")
@click.option("--seed", type=int, default=7, show_default=True, help="Of the simulated exchange.")
def run(**options: Any) -> None:
    """The embedded stack, the simulated exchange, worker and console in one."""
    from console.sessions import Sessions, Signer
    from console.staff import StaffFile
    from embedded.run import run as run_embedded

    def sign_in(public_url: str, secret: str) -> str:
        return Sessions(Signer(secret), StaffFile(None), embedded=True).one_time_link(public_url)

    sys.exit(run_embedded(settings(), sign_in=sign_in, **options))


@cli.command()
@click.option("--role", type=click.Choice(["detect", "notify", "all"]), default="all", show_default=True)
def worker(role: str) -> None:
    """The worker alone, against the configured Kafka, Redis and SQL. Prints `ready` when it consumes."""
    from streams.run import run_worker

    sys.exit(run_worker(settings(), role))


@cli.group(invoke_without_command=True)
@click.pass_context
def console(context: click.Context) -> None:
    """The web console alone."""
    if context.invoked_subcommand is None:
        from console.serve import serve

        serve(settings())


@cli.command()
@click.option("--seed", type=int, default=7, show_default=True)
@click.option("--users", type=click.IntRange(min=1), default=200, show_default=True)
@click.option("--rate", type=click.FloatRange(min=0.01), default=5.0, show_default=True, help="Events a second.")
@click.option("--seconds", type=click.FloatRange(min=0), help="Stop after so long; default: go on.")
@click.option("--days", type=click.IntRange(min=0), default=30, show_default=True, help="Quiet history published first.")
@click.option("--labels", type=click.Path(dir_okay=False, path_type=Path), help="Write the truth here: one JSON line per attack event.")
def simulate(**options: Any) -> None:
    """The simulated exchange, publishing to the configured Kafka."""
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
    """Checks settings and every connection, one line each."""
    from streams.doctor import doctor as check

    sys.exit(check(settings()))


@cli.command()
@AS_JSON
def rebuild(as_json: bool) -> None:
    """Relearns profiles from Kafka, sends nothing, shows what would have been sent."""
    from streams.rebuild import rebuild as relearn

    sys.exit(relearn(settings(), as_json=as_json))


# -- detectors


def engine(config: Path | None = None) -> Any:
    """The detection engine with the configured detectors and surroundings, without a broker."""
    from config.detectors import DetectorConfigError, apply
    from detectors.registry import Registry
    from detectors.wiring import build_engine
    from stores.geo import GeoSurroundings

    chosen = settings()
    try:
        registry = apply(Registry.load(), config)
    except DetectorConfigError as error:
        raise Failure(str(error)) from None
    return build_engine(GeoSurroundings(chosen.geo.city, chosen.geo.asn, chosen.data_dir / "geo"), registry)


@cli.command()
@EVENTS
@click.option(
    "--output", required=True, type=click.Path(dir_okay=False, path_type=Path), help="One JSON line per event that isn't a verdict."
)
def score(events: tuple[str, ...], output: Path) -> None:
    """Replays time-ordered EVENTS (.jsonl, .gz, .zst, - for stdin) through profiles, detectors and models; nothing is sent."""
    from detectors.score import score_files

    sys.exit(score_files(events, output, engine()))


@cli.command()
@EVENTS
@click.option(
    "--candidate",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A detectors.yaml to compare with today's.",
)
@AS_JSON
def backtest(events: tuple[str, ...], candidate: Path, as_json: bool) -> None:
    """A candidate configuration against today's, on history: hits per detector, who would be told what by channel."""
    from streams.backtest import backtest as compare

    sys.exit(compare(events, engine(), engine(candidate), as_json=as_json))


@cli.group()
def detectors() -> None:
    """The catalogue of detectors."""


@detectors.command("list")
@AS_JSON
def detectors_list(as_json: bool) -> None:
    """Every detector with family, severity, threshold and whether it is on."""
    from detectors.catalogue import print_catalogue

    print_catalogue(engine().registry, as_json=as_json)


@detectors.command("test")
@click.argument("ids", nargs=-1, metavar="[ID]...")
def detectors_test(ids: tuple[str, ...]) -> None:
    """Runs the cases in the .yml files."""
    from detectors.cases import run_and_print

    sys.exit(run_and_print(ids))


# -- notices


@cli.group()
def locales() -> None:
    """The languages of the notices."""


@locales.command("check")
def locales_check() -> None:
    """Every key and placeholder in every locale; says what to do about each problem."""
    from notices.compose.check import check_and_print

    sys.exit(check_and_print())


# -- schemas


@cli.command()
@click.option("--release", is_flag=True, help="Also freeze them as what later changes must stay compatible with.")
def schemas(release: bool) -> None:
    """Writes docs/schemas/ (JSON Schema and AsyncAPI) from the event structs."""
    from domain.schemas import documents

    folder = Path(__file__).parent / "docs" / "schemas"
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in documents(release=release).items():
        (folder / name).write_text(text, encoding="utf-8")
        click.echo(f"docs/schemas/{name}")


if __name__ == "__main__":
    cli()
