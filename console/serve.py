"""The console's process: its services from the settings, and the server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import structlog
import uvicorn
from litestar import Litestar

from config import detectors as configuration
from config.logging import configure
from config.settings import Settings, SettingsError, sending
from console.answer_text import ComposedAnswerPages
from console.app import application
from console.checking import Checking
from console.services import Mailbox, Services
from console.sessions import Sessions, Signer
from console.staff import StaffFile
from detectors import cases
from detectors.registry import Registry
from domain.checkcode import CHECK_CODES, CheckCodes
from ledger.book import Book
from ledger.keys import Keyring
from notices.passes import PASSES, Passes
from notices.unsubscribe import Links
from stores.audience import RedisAudience
from stores.directory import RedisDirectory
from stores.guesses import RedisGuesses
from stores.inbox import AsyncRedisInbox
from stores.once import Once
from stores.redis_client import connect, connect_async
from stores.redis_profiles import RedisProfiles
from stores.sql.console_queries import ConsoleQueries
from stores.sql.decisions import Decisions
from stores.sql.migrate import StoreError
from stores.sql.signouts import SqlEnded
from stores.sql.store import open_store
from stores.status import beats

log = structlog.get_logger("console")
SHUTDOWN_SECONDS = 3


class Catalogue:
    """The detectors as configured; read again when the file changes."""

    def __init__(self) -> None:
        self._own: Registry | None = None
        self._made: tuple[float, Registry] | None = None

    def __call__(self) -> Registry:
        """A file with a mistake leaves what was in effect, as in the worker."""
        if self._own is None:
            self._own = Registry.load()
        stamp = configuration.FILE.stat().st_mtime if configuration.FILE.exists() else 0.0
        if self._made is None or self._made[0] != stamp:
            try:
                self._made = (stamp, configuration.apply(self._own))
            except configuration.DetectorConfigError:
                self._made = (stamp, self._made[1] if self._made else self._own)
        return self._made[1]

    def cases(self, name: str) -> list[Any]:
        """The cases of one detector, run now."""
        return list(cases.run(self(), [name]))


def services(settings: Settings, mailbox: Mailbox | None = None) -> Services:
    """Opens what the settings name. Raises StoreError, Unavailable or SettingsError with what to do."""
    secret = settings.secret_key.get_secret_value()
    if not secret:
        raise SettingsError("VIGIL_SECRET_KEY: is not set; expected at least 32 characters, e.g. the output of `openssl rand -hex 32`")
    keyring = Keyring(secret)
    book = Book(keyring)
    store = open_store(settings.database.url, book)
    client, loop_client = connect(settings.redis.url), connect_async(settings.redis.url)
    profiles = RedisProfiles(loop_client)
    directory = RedisDirectory(client, keyring.box("directory"))
    queries = ConsoleQueries(store.database)
    catalogue = Catalogue()
    codes = CheckCodes(keyring.key(CHECK_CODES))

    async def profile(user_id: str) -> bytes | None:
        return (await profiles.load([user_id])).get(user_id)

    made = Services(
        store=store,
        book=book,
        queries=queries,
        decisions=Decisions(store.database, book),
        inbox=AsyncRedisInbox(loop_client, keyring.box("inbox")),
        users=directory,
        answer_words=ComposedAnswerPages(settings.notices.brand, codes.of, settings.notices.default_locale),
        sessions=Sessions(Signer(secret), StaffFile(settings.console.users_file), settings.embedded, SqlEnded(store.database)),
        heartbeats=partial(beats, loop_client),
        profiles=profile,
        load_registry=catalogue,
        run_cases=catalogue.cases,
        api_token=settings.console.api_token.get_secret_value(),
        brand=settings.notices.brand,
        embedded=settings.embedded,
        public_url=settings.console.public_url,
        default_locale=settings.notices.default_locale,
        audience=RedisAudience(client, directory),
        mailbox=mailbox if settings.embedded else None,
        checking=Checking(codes, Passes(keyring.box(PASSES))),
        stop_links=Links(keyring.box("unsubscribe")),
        receipt_keys={name: key.get_secret_value() for name, key in settings.receipts.keys.items()},
        sns_topics=frozenset(settings.receipts.topics),
        sending=sending(settings),
        approval=settings.notices.approval,
        once=Once(client),
        checks={"database": queries.open_count, "redis": client.ping},
    )
    made.share(RedisGuesses(loop_client, keyring.key("guesses")))
    return made


def build(settings: Settings, mailbox: Mailbox | None = None) -> Litestar:
    """The application over the parts that the settings name."""
    made = services(settings, mailbox)
    return application(made, lifespan=[partial(_working, made)])


@asynccontextmanager
async def _working(made: Services, _app: Litestar) -> AsyncIterator[None]:
    """What goes on beside the requests."""
    sampling = asyncio.create_task(made.sample())
    try:
        yield
    finally:
        sampling.cancel()
        made.store.close()


def serve(settings: Settings, mailbox: Mailbox | None = None) -> None:
    """Serves until SIGTERM or SIGINT. Binds `console.host` and `console.port` alone. Raises ValueError or Unavailable with what to do."""
    configure(settings.log_level, role="console")
    try:
        app = build(settings, mailbox)
    except StoreError as error:
        raise ValueError(str(error)) from None
    log.info("console", host=settings.console.host, port=settings.console.port)
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host=settings.console.host,
            port=settings.console.port,
            access_log=False,  # paths hold answer tokens and user ids; console.app writes its own lines
            log_config=None,
            server_header=False,
            date_header=True,
            proxy_headers=bool(settings.console.proxies),
            forwarded_allow_ips=settings.console.proxies,
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
            limit_concurrency=2000,
            lifespan="on",
        )
    )
    server.run()
