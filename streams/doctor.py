"""`doctor`: settings and every connection, one line each; what is wrong is said with what to do about it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit

from config.settings import Settings
from domain.ports import Unavailable
from ledger.book import Book
from notices.compose.approval import FALLBACK
from notices.compose.intake import waits
from notices.deliver.outgoing import signing
from notices.deliver.provider import ProviderError
from notices.deliver.registry import providers
from notices.deliver.standing import answers, standing
from stores import trouble
from stores.geo import GeoSurroundings, unreadable
from stores.redis_client import answering, connect_async
from stores.sql.migrate import StoreError
from streams.topics import Admin, problems

State = Literal["ok", "warn", "FAIL"]
LONGEST_LINK = 70
"""Characters that a text message of two segments has for the answer link in every language."""
LINK_WITH_CODE = 60
"""And beside the notice's check code."""
TOKEN = 22
OLD_GEO = 90.0
"""Days."""
OLD_LIST = 30.0
WITHIN = 30.0
"""Seconds. Clients give up earlier by themselves and say why; on a machine that does much else what is well may take this long."""
NEEDS = {"topics": "kafka", "words": "sql"}
"""What can't be looked at where another part fails: its line says why."""
WITHOUT_KEY = "not looked at: it needs VIGIL_SECRET_KEY"


class Line(NamedTuple):
    """One line of the report."""

    name: str
    state: State
    words: str

    def __str__(self) -> str:
        return f"{self.state:<4}  {self.name:<10} {self.words}"


async def checks(settings: Settings) -> list[Line]:
    """All checks; none raises, none takes longer than WITHIN seconds."""
    lines = list(_settings(settings))
    failed: set[str] = set()
    for name, check in (
        ("files", _files),
        ("kafka", _kafka),
        ("topics", _topics),
        ("redis", _redis),
        ("sql", _sql),
        ("words", _words),
        ("geo", _geo),
        ("lists", _lists),
    ):
        if NEEDS.get(name) in failed:
            line = Line(name, "FAIL", f"not looked at: see {NEEDS[name]}")
        else:
            line = await _guarded(name, check, settings)
        failed |= {name} if line.state == "FAIL" else set()
        lines.append(line)
    for medium in ("email", "sms"):
        lines += await asyncio.to_thread(_providers, settings, medium)
    return lines


def doctor(settings: Settings) -> int:
    """Prints the lines; exit status 1 when one says FAIL."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # what it says is said here in one line
    lines = asyncio.run(checks(settings))
    for line in lines:
        print(line)
    return int(any(line.state == "FAIL" for line in lines))


async def _guarded(name: str, check: Callable[[Settings], Awaitable[tuple[State, str]]], settings: Settings) -> Line:
    try:
        state, words = await asyncio.wait_for(check(settings), WITHIN)
    except TimeoutError:
        return Line(name, "FAIL", f"no answer within {WITHIN:.0f} s")
    except Exception as error:
        return Line(name, "FAIL", _trouble(name, error, settings))
    return Line(name, state, words)


def _trouble(name: str, error: Exception, settings: Settings) -> str:
    """What a client raised, in words: never a URL as it is set, and no name of a class where we know better."""
    if name == "redis":
        return trouble.of_redis(settings.redis.url, error)
    if isinstance(error, StoreError | Unavailable) and not error.__cause__:
        return str(error)
    if name == "sql":
        return trouble.of_sql(settings.database.url, error)
    if name == "geo":
        return unreadable(error, settings.geo.city, settings.geo.asn, settings.data_dir)
    if isinstance(error, Unavailable):
        return str(error)
    return f"{type(error).__name__}: {error}".splitlines()[0][:300]


def _settings(settings: Settings) -> Iterator[Line]:
    yield Line("settings", "ok", "read")
    if settings.secret_key.get_secret_value():
        yield Line("secret", "ok", "VIGIL_SECRET_KEY is set")
    else:
        yield Line("secret", "FAIL", "VIGIL_SECRET_KEY is not set; the same for all workers and consoles: openssl rand -hex 32")
    if not settings.console.api_token.get_secret_value():
        yield Line("inbox", "warn", "VIGIL_CONSOLE__API_TOKEN is not set: the inbox API answers 401 to everyone")
    url = settings.console.public_url
    link = len(url) + len("/n/") + TOKEN
    local = urlsplit(url).hostname in ("127.0.0.1", "localhost", "::1")
    if link > LONGEST_LINK:
        words = f"{link} characters an answer link, {LONGEST_LINK} fit: texts leave words out; choose a shorter VIGIL_CONSOLE__PUBLIC_URL"
        yield Line("public_url", "warn", words)
    elif link > LINK_WITH_CODE:
        words = f"{link} characters an answer link, {LINK_WITH_CODE} fit beside the check code: some texts come without the code"
        yield Line("public_url", "warn", words)
    elif local and not settings.embedded:
        yield Line("public_url", "warn", f"{url} opens on this machine alone: set VIGIL_CONSOLE__PUBLIC_URL to what readers can reach")
    elif urlsplit(url).scheme != "https" and not local:
        yield Line("public_url", "warn", f"{url} is not https: answer links can be read on their way")
    else:
        yield Line("public_url", "ok", f"{link} characters an answer link: text messages fit into two segments")


async def _files(settings: Settings) -> tuple[State, str]:
    """The other files of config/: what a worker reads at its start."""
    from config import detectors, mappings, notices
    from detectors.registry import Registry

    try:
        await asyncio.to_thread(lambda: detectors.apply(Registry.load()))
        notices.load()
        mapped = mappings.load(settings.mappings_dir)
    except ValueError as error:
        return "FAIL", "; ".join(str(error).splitlines())
    topics = f"; records of {', '.join(sorted(mapped))} are mapped" if mapped else ""
    return "ok", f"detectors.yaml, notices.yaml and mappings can be taken{topics}"


async def _kafka(settings: Settings) -> tuple[State, str]:
    async with Admin(settings) as admin:
        count = await admin.brokers()
    return "ok", f"{settings.kafka.brokers}: {count} broker{'s' if count != 1 else ''}"


async def _topics(settings: Settings) -> tuple[State, str]:
    found = await problems(settings)
    return ("FAIL", "; ".join(found)) if found else ("ok", "all there, input topics with the same number of partitions")


async def _redis(settings: Settings) -> tuple[State, str]:
    client = connect_async(settings.redis.url)
    try:
        with answering():
            info = await client.info()
            policy = await _policy(client)
    finally:
        await client.aclose()
    words = f"{info.get('redis_version', '?')}, {info.get('used_memory_human', '?')} used"
    if policy != "noeviction":
        return "warn", f"{words}; maxmemory-policy {policy}: profiles may be evicted, set noeviction"
    if not int(info.get("aof_enabled", 0)) and not info.get("rdb_last_save_time"):
        return "warn", f"{words}; nothing is kept over a restart: set appendonly yes"
    return "ok", words


async def _policy(client: Any) -> str:
    """`maxmemory-policy`; the safe one where Redis doesn't tell (a managed one may not)."""
    try:
        return str((await client.config_get("maxmemory-policy"))["maxmemory-policy"])
    except Exception:
        return "noeviction"


async def _sql(settings: Settings) -> tuple[State, str]:
    from stores.sql.store import open_store

    if not settings.secret_key.get_secret_value():
        return "FAIL", WITHOUT_KEY
    store = await asyncio.to_thread(open_store, settings.database.url, Book(settings.secret_key.get_secret_value()))
    await asyncio.to_thread(store.close)
    kind = settings.database.url.partition(":")[0].partition("+")[0]
    return "ok", f"{kind}, tables up to date" + (" (one worker only: more need PostgreSQL)" if kind == "sqlite" else "")


async def _words(settings: Settings) -> tuple[State, str]:
    from stores.sql.store import open_store

    approval = settings.notices.approval
    if approval == "off":
        return "warn", "whatever is on disk is sent, approved or not (VIGIL_NOTICES__APPROVAL is off)"
    if not settings.secret_key.get_secret_value():
        return "FAIL", WITHOUT_KEY
    store = await asyncio.to_thread(open_store, settings.database.url, Book(settings.secret_key.get_secret_value()))
    try:
        latest, live = await asyncio.to_thread(store.wordings.latest), await asyncio.to_thread(store.wordings.live)
    finally:
        await asyncio.to_thread(store.close)
    return said_of_words(approval, latest, waits(live))


def said_of_words(approval: str, latest: int, waiting: list[tuple[str, str]]) -> tuple[State, str]:
    """Of the words that may be sent: `waiting`, (kind, locale) without any that are approved; `latest`, the number of the last decision."""
    if latest == 0 and approval == "release":
        return "ok", "nothing was decided yet: the worker's first start takes in what comes approved with the release"
    whole = [kind for kind, locale in waiting if locale == FALLBACK]
    if whole:
        return (
            "FAIL",
            f"notices wait until their words are approved in the console, under Catalogue: {len(whole)} of all kinds, such as {whole[0]}",
        )
    if waiting:
        return "warn", f"sent in English until their words are approved in the console, under Catalogue: {len(waiting)} kinds, by language"
    return "ok", "every kind has approved words in every language"


async def _geo(settings: Settings) -> tuple[State, str]:
    data = await asyncio.to_thread(GeoSurroundings, settings.geo.city, settings.geo.asn, settings.data_dir / "geo")
    age = data.age_days(time.time())
    data.close()
    return ("warn" if age > OLD_GEO else "ok"), f"address data is {age:.0f} days old" + (
        "; point VIGIL_GEO__CITY and __ASN at newer" if age > OLD_GEO else ""
    )


async def _lists(settings: Settings) -> tuple[State, str]:
    from stores.lists import Lists

    lists = Lists(settings.lists.dir)
    problems = await asyncio.to_thread(lists.refresh)
    if problems:
        return "FAIL", "; ".join(problems)
    if settings.lists.dir and not settings.lists.dir.is_dir():
        return "warn", f"{settings.lists.dir} is no folder: no list is in effect; correct VIGIL_LISTS__DIR"
    if not lists.lists:
        return "ok", f"no lists of addresses in {settings.lists.dir}" if settings.lists.dir else "no lists of addresses"
    now = time.time()
    words = [f"{one.name}: {len(one.addresses)} addresses, {max(0.0, now - one.at) / 86_400:.0f} days old" for one in lists.lists]
    old = any(now - one.at > OLD_LIST * 86_400 for one in lists.lists)
    return ("warn" if old else "ok"), "; ".join(words) + ("; sanctions change every few weeks: fetch them anew" if old else "")


def _providers(settings: Settings, medium: Literal["email", "sms"]) -> list[Line]:
    urls = [url.get_secret_value() for url in getattr(settings, medium).urls]
    if not urls:
        return [Line(medium, "warn", f"VIGIL_{medium.upper()}__URLS is empty: no notice goes out this way")]
    try:
        made = providers(medium, urls)
        signer = signing(settings.email.dkim_key.get_secret_value(), settings.email.dkim_selector)
    except ProviderError as error:
        return [Line(medium, "FAIL", str(error))]
    lines = [Line(*said) for said in standing(made, signer, urlsplit(settings.console.public_url).hostname or "")]
    for place, provider in enumerate(made):
        lines.append(Line(medium, *answers(provider, f"VIGIL_{medium.upper()}__URLS[{place}]")))
        provider.close()
    return lines
