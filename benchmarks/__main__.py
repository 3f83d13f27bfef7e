"""`python -m benchmarks`: set-up and figures as tables on stdout, progress on stderr, JSON in benchmarks/results/."""

from __future__ import annotations

import argparse
import statistics
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks import latency, mail, stages, throughput
from benchmarks.rig import Rig, save, say, setup

PARTS = ("stages", "profiles", "throughput", "loop", "workers", "latency", "mail")
out = Console(width=110)


def main() -> None:
    options = arguments()
    facts = setup()
    table("Set-up", ["", ""], [[k, v] for k, v in facts.items()])
    figures: dict[str, Any] = {"setup": facts}
    if "stages" in options.parts:
        figures["stages"] = show_stages(options)
    for kind in options.brokers:
        broker_parts = [part for part in options.parts if part != "stages"]
        if not broker_parts:
            break
        say(f"on {kind}")
        with Rig(kind) as rig:
            figures[kind] = {part: SHOW[part](rig, options) for part in broker_parts}
    save("latest", figures)
    say("figures kept in benchmarks/results/latest.json")


def arguments() -> argparse.Namespace:
    a = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    a.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    a.add_argument("--brokers", nargs="+", choices=("kafka", "embedded"), default=["kafka", "embedded"])
    a.add_argument("--engines", nargs="+", choices=list(throughput.LOOPS), default=list(throughput.LOOPS))
    a.add_argument("--users", nargs="+", type=int, default=[10_000, 100_000])
    a.add_argument("--events", type=int, default=200_000)
    a.add_argument("--rounds", type=int, default=3)
    a.add_argument("--quick", action="store_true", help="a tenth of the events, one round: shows that it runs, not how fast")
    options = a.parse_args()
    if options.quick:
        options.events, options.rounds, options.users = options.events // 10, 1, [min(options.users) // 10]
    return options


def show_stages(options: argparse.Namespace) -> dict[str, Any]:
    say("stages, in one process")
    costs, spread = stages.by_stage(options.events // 4, options.users[0])
    table(
        "Cost by stage, us of CPU an event (timers included; a detector's is spread over all events)",
        ["stage", "us"],
        [[k, f"{v:.1f}"] for k, v in costs.items()],
    )
    table(
        f"A profile, bytes, after {options.events // 4 // options.users[0]} events a user",
        list(spread),
        [[f"{v:,.0f}" for v in spread.values()]],
    )
    return {"us an event": costs, "profile bytes": spread}


def show_profiles(rig: Rig, options: argparse.Namespace) -> dict[str, float]:
    figures = stages.redis(rig, 10_000 if options.quick else 100_000)
    table("Profiles in Redis", ["", ""], [[k, f"{v:.2f}"] for k, v in figures.items()])
    return figures


def show_throughput(rig: Rig, options: argparse.Namespace) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for users in options.users:
        found = throughput.compare(rig, users, options.events, options.engines, options.rounds)
        show_loops(f"{rig.kind}: whole pipeline, {users:,} users, {options.events:,} events, a process on one core", found, options)
        rows += found
    return rows


def show_loop(rig: Rig, options: argparse.Namespace) -> list[dict[str, Any]]:
    users, events = options.users[0], 5 * options.events
    found = throughput.compare(rig, users, events, options.engines, options.rounds, thin=True)
    show_loops(f"{rig.kind}: the loop alone, nothing judged, {users:,} users, {events:,} events, a process on one core", found, options)
    return found


def show_loops(title: str, found: list[dict[str, Any]], options: argparse.Namespace) -> None:
    """A row an engine, and what Vigil's own loop is beside it."""
    rates = {name: [row["events/s"] for row in found if row["loop"] == name] for name in options.engines}
    memory = {name: max(row["memory MB"] for row in found if row["loop"] == name) for name in options.engines}
    own = statistics.median(rates["vigil"]) if "vigil" in rates else None
    table(
        f"{title}, median of {options.rounds}",
        ["loop", "events/s", "min", "max", "Vigil is", "CPU us an event", "resident MB"],
        [
            [
                name,
                f"{statistics.median(r):,.0f}",
                f"{min(r):,.0f}",
                f"{max(r):,.0f}",
                f"{own / statistics.median(r):.2f}x" if own else "",
                f"{statistics.median(row['CPU us an event'] for row in found if row['loop'] == name):.0f}",
                f"{memory[name]:.0f}",
            ]
            for name, r in rates.items()
        ],
    )


def show_workers(rig: Rig, options: argparse.Namespace) -> list[dict[str, Any]]:
    users, prefix = options.users[0], "workers."
    throughput.create_topics(rig, prefix)
    total = sum(rig.fill(prefix, throughput.world.events(options.events, users)).values())
    rows = []
    for number in range(options.rounds):
        for workers in (1, 2):
            rig.empty_redis()
            rate, seconds, memory, cpu = throughput.run_loop(rig, prefix, "vigil", f"{prefix}{workers}-{number}", total, workers)
            say(f"  {workers} workers: {rate:,.0f} events/s")
            figures = {"events/s": rate, "CPU us an event": cpu * 1e6, "seconds": seconds, "memory MB": memory}
            rows.append({"workers": workers, "round": number, **figures})
    median = {w: statistics.median(row["events/s"] for row in rows if row["workers"] == w) for w in (1, 2)}
    table(
        f"{rig.kind}: workers on this machine, broker and Redis beside them",
        ["workers", "events/s", "ratio"],
        [[str(w), f"{rate:,.0f}", f"{rate / median[1]:.2f}x"] for w, rate in median.items()],
    )
    return rows


def show_latency(rig: Rig, options: argparse.Namespace) -> list[dict[str, Any]]:
    rates, seconds = ([5.0], 5.0) if options.quick else ([5.0, 50.0, 100.0], 20.0)
    rows = latency.measure(rig, rates, seconds)
    table(
        f"{rig.kind}: event at the broker -> mail taken by SMTP, whole product",
        list(rows[0]),
        [[f"{v:,.0f}" if isinstance(v, float) else str(v) for v in row.values()] for row in rows],
    )
    return rows


def show_mail(rig: Rig, options: argparse.Namespace) -> dict[str, float]:
    figures = mail.measure(200 if options.quick else 3000)
    table("E-mails through the outbox (SQLite) to a real SMTP session", ["", ""], [[k, f"{v:,.2f}"] for k, v in figures.items()])
    return figures


def table(title: str, head: list[str], rows: list[list[str]]) -> None:
    made = Table(title=title, title_justify="left", title_style="bold")
    for n, name in enumerate(head):
        made.add_column(name, justify="left" if n == 0 else "right")
    for row in rows:
        made.add_row(*row)
    out.print(made)


SHOW = {
    "profiles": show_profiles,
    "throughput": show_throughput,
    "loop": show_loop,
    "workers": show_workers,
    "latency": show_latency,
    "mail": show_mail,
}

if __name__ == "__main__":
    main()
