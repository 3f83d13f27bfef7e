"""doctor says in words what can't be reached or read: where it was looked for, which setting says so, and never a password."""

from __future__ import annotations

import asyncio
import smtplib
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Thread

import pytest
from aiokafka.errors import ClusterAuthorizationFailedError

from config.settings import Settings
from domain.ports import Unavailable
from domain.unreached import why
from notices.deliver.standing import mail_trouble
from stores.trouble import of_redis, of_sql
from streams import doctor
from streams.topics import Admin

PASSWORD = "hunter2"
KEY = "0123456789abcdef" * 4


@pytest.fixture
def shut() -> int:
    """A port at which nothing listens."""
    with closing(socket.socket()) as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture
def rude() -> Iterator[int]:
    """A port at which something hangs up on everyone without a word."""
    server = socket.create_server(("127.0.0.1", 0))

    def hang_up() -> None:
        while True:
            try:
                server.accept()[0].close()
            except OSError:
                return

    thread = Thread(target=hang_up, daemon=True)
    thread.start()
    yield server.getsockname()[1]
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join(5)


def said(name: str, **settings: object) -> doctor.Line:
    """The line of one part."""
    return asyncio.run(doctor._guarded(name, getattr(doctor, f"_{name}"), Settings(secret_key=KEY, **settings)))  # type: ignore[arg-type]


def test_a_redis_that_is_not_there_is_named_with_its_setting(shut: int) -> None:
    """By its address, without user and password."""
    line = said("redis", redis={"url": f"redis://vigil:{PASSWORD}@127.0.0.1:{shut}/0"})

    assert line == ("redis", "FAIL", f"nothing listens at 127.0.0.1:{shut}: start Redis, or correct VIGIL_REDIS__URL")


def test_a_socket_of_redis_that_is_not_there_is_named(tmp_path: Path) -> None:
    """By its path."""
    line = said("redis", redis={"url": f"unix://{tmp_path}/redis.sock"})

    assert line.words == f"there is no {tmp_path}/redis.sock: start Redis, or correct VIGIL_REDIS__URL"


def test_what_hangs_up_is_asked_to_be_redis(rude: int) -> None:
    """With or without TLS."""
    line = said("redis", redis={"url": f"redis://:{PASSWORD}@127.0.0.1:{rude}/0"})

    assert line.words.startswith(f"what listens at 127.0.0.1:{rude} hangs up: is it Redis")
    assert PASSWORD not in line.words


def test_a_password_that_breaks_the_url_is_not_shown() -> None:
    """What stands before its first slash is read as a port, and the library says so."""
    line = said("redis", redis={"url": "redis://:hunter2/more@127.0.0.1:6379/0"})

    assert line.state == "FAIL"
    assert line.words.startswith("VIGIL_REDIS__URL: expected redis://HOST:PORT/0")
    assert "hunter2" not in line.words


def test_what_redis_refuses_is_said_in_words() -> None:
    """Password missing, wrong, number of the database; what isn't Redis; and what nobody foresaw, in its own words."""
    from redis.exceptions import AuthenticationError, InvalidResponse, ResponseError, TimeoutError

    url = f"redis://:{PASSWORD}@redis.example:6379/99"
    cases = [
        (AuthenticationError("HELLO must be called with the client already authenticated"), "wants a password"),
        (
            AuthenticationError("invalid username-password pair or user is disabled."),
            "refuses the user or the password in VIGIL_REDIS__URL",
        ),
        (ResponseError("DB index is out of range"), "has no database of the number at the end of VIGIL_REDIS__URL"),
        (InvalidResponse('Protocol error, got "H" as reply type byte'), "is not Redis: correct VIGIL_REDIS__URL"),
        (TimeoutError("Timeout reading from redis.example:6379"), "redis.example:6379 does not answer: start Redis"),
        (ResponseError("LOADING Redis is loading the dataset in memory"), "says: LOADING Redis is loading the dataset in memory"),
    ]
    for error, words in cases:
        told = of_redis(url, _raised(error))

        assert words in told
        assert "redis.example:6379" in told
        assert PASSWORD not in told
        assert "Error" not in told


def test_a_database_that_is_not_there_is_named_with_its_setting(shut: int) -> None:
    """Asked for real."""
    line = said("sql", database={"url": f"postgresql+psycopg://vigil:{PASSWORD}@127.0.0.1:{shut}/vigil"})

    assert line == ("sql", "FAIL", f"nothing listens at 127.0.0.1:{shut}: start PostgreSQL, or correct VIGIL_DATABASE__URL")


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ('FATAL:  password authentication failed for user "vigil"', "refuses the user vigil or the password in VIGIL_DATABASE__URL"),
        ('FATAL:  database "alerts" does not exist', "has no database alerts: create it"),
        ('FATAL:  role "vigil" does not exist', "knows no user vigil: create one"),
        ("received invalid response to SSL negotiation: H", "is not PostgreSQL"),
        ("connection timeout expired", "db.example:5432 does not answer"),
        ("failed to resolve host 'db.example': Name or service not known", "no machine is known by the name in db.example:5432"),
        ("the database system is starting up", "the database system is starting up"),
    ],
)
def test_what_postgresql_refuses_is_said_in_words(message: str, words: str) -> None:
    """With host and port, and never the password."""
    told = of_sql(f"postgresql+psycopg://vigil:{PASSWORD}@db.example/alerts", Unavailable(f"the database: {message}"))

    assert words in told
    assert "db.example:5432" in told
    assert PASSWORD not in told


def test_a_file_that_can_be_no_database_is_named(tmp_path: Path) -> None:
    """A text file, a folder, and a folder that can't be made."""
    (tmp_path / "notes.txt").write_text("not a database at all, but as long as the head of one would have to be; " * 3)
    expected = {
        tmp_path / "notes.txt": f"{tmp_path / 'notes.txt'} is not a SQLite database: correct VIGIL_DATABASE__URL",
        tmp_path: f"{tmp_path} can't be opened as a file by this user: correct VIGIL_DATABASE__URL",
        tmp_path / "notes.txt" / "sub" / "v.db": f"the folder {tmp_path / 'notes.txt' / 'sub'} can't be made, ",
    }
    for path, words in expected.items():
        assert said("sql", database={"url": f"sqlite:///{path}"}).words.startswith(words)


def test_another_key_is_said_without_the_name_of_a_class(tmp_path: Path) -> None:
    """The ledger's own words are for readers."""
    url = f"sqlite:///{tmp_path}/v.db"
    assert said("sql", database={"url": url}).state == "ok"
    other = Settings(secret_key="f" * 64, database={"url": url})  # type: ignore[arg-type]

    line = asyncio.run(doctor._guarded("sql", doctor._sql, other))

    assert line.words.startswith("the ledger was begun with another secret_key")


def test_address_data_that_can_not_be_read_names_its_setting(tmp_path: Path) -> None:
    """A file that isn't there, and one that holds something else."""
    (tmp_path / "city.mmdb").write_text("no such data")

    assert said("geo", geo={"city": tmp_path / "none.mmdb"}).words.startswith(
        f"{tmp_path / 'none.mmdb'} is no file: correct VIGIL_GEO__CITY"
    )
    assert said("geo", geo={"asn": tmp_path / "city.mmdb"}).words.startswith(f"{tmp_path / 'city.mmdb'} is no .mmdb file")


def test_a_folder_of_lists_that_is_not_there_is_a_warning(tmp_path: Path) -> None:
    """Nobody has to have lists; but one that was configured is not in effect."""
    line = said("lists", lists={"dir": tmp_path / "none"})

    assert line == ("lists", "warn", f"{tmp_path / 'none'} is no folder: no list is in effect; correct VIGIL_LISTS__DIR")


def test_what_stands_on_a_part_that_fails_refers_to_its_line(monkeypatch: pytest.MonkeyPatch, shut: int, tmp_path: Path) -> None:
    """One cause is told once."""
    for name in ("_files", "_redis", "_geo", "_lists"):
        monkeypatch.setattr(doctor, name, _well)
    settings = Settings(
        secret_key=KEY,  # type: ignore[arg-type]
        kafka={"brokers": f"127.0.0.1:{shut}"},  # type: ignore[arg-type]
        database={"url": f"sqlite:///{tmp_path}"},  # type: ignore[arg-type]
    )

    lines = {line.name: line.words for line in asyncio.run(doctor.checks(settings))}

    assert lines["kafka"] == f"no Kafka broker answers at 127.0.0.1:{shut} (VIGIL_KAFKA__BROKERS)"
    assert lines["topics"] == "not looked at: see kafka"
    assert lines["words"] == "not looked at: see sql"


def test_a_mail_server_and_a_gateway_that_are_not_there_are_named_without_password_and_token(shut: int) -> None:
    """By host and port, and by the place of their URL."""
    settings = Settings(
        email={"urls": [f"mailto://vigil:{PASSWORD}@127.0.0.1:{shut}/?from=alerts@exchange.example&mode=insecure"]},  # type: ignore[arg-type]
        sms={"urls": [f"smsgw://{PASSWORD}@127.0.0.1:{shut}/send"]},  # type: ignore[arg-type]
    )

    mail, text = doctor._providers(settings, "email")[-1], doctor._providers(settings, "sms")[-1]

    assert mail == ("email", "FAIL", f"mailto: nothing listens at 127.0.0.1:{shut} (VIGIL_EMAIL__URLS[0])")
    assert text == ("sms", "FAIL", f"smsgw: nothing listens at 127.0.0.1:{shut} (VIGIL_SMS__URLS[0])")


def test_a_name_that_nobody_knows_and_an_address_without_answer_are_told_apart() -> None:
    """Whatever a client made of it."""
    unknown, silent, other = socket.gaierror(-2, "Name or service not known"), TimeoutError(), ValueError("odd")

    assert why("db.example:1", _raised(unknown)) == "no machine is known by the name in db.example:1"
    assert why("db.example:1", _raised(silent)) == "db.example:1 does not answer"
    assert why("db.example:1", _raised(other)) == ""


@pytest.mark.parametrize(
    ("error", "reason"),
    [(TimeoutError(), "it does not answer"), (ClusterAuthorizationFailedError(), "it refuses (ClusterAuthorizationFailedError)")],
)
async def test_a_broker_that_greets_and_says_no_more_is_named(error: Exception, reason: str) -> None:
    """With what was asked of it."""

    async def asked() -> None:
        raise error

    admin = object.__new__(Admin)
    admin.settings, admin.wait = Settings(kafka={"brokers": "kafka.example:9092"}), 1.0  # type: ignore[arg-type]

    with pytest.raises(Unavailable) as told:
        await admin._asked(asked(), "what topics it has")

    assert str(told.value) == f"Kafka at kafka.example:9092 doesn't say what topics it has, {reason} (VIGIL_KAFKA__BROKERS)"


async def _well(_settings: Settings) -> tuple[doctor.State, str]:
    return "ok", ""


def _raised(cause: Exception) -> Unavailable:
    """As the stores raise it."""
    try:
        raise Unavailable(f"{type(cause).__name__}: {cause}") from cause
    except Unavailable as error:
        return error


def test_why_a_mail_server_is_of_no_use_is_told_apart() -> None:
    """A log-in that it refuses isn't a server that doesn't answer."""
    cases = [
        (smtplib.SMTPAuthenticationError(535, b"5.7.8 no"), "mail.example:587 refuses the user or the password"),
        (smtplib.SMTPNotSupportedError("STARTTLS extension not supported by server."), "does not offer STARTTLS: say mode=ssl"),
        (smtplib.SMTPNotSupportedError("SMTP AUTH extension not supported by server."), "does not offer a log-in"),
        (smtplib.SMTPServerDisconnected("Connection unexpectedly closed"), "hangs up: is it a mail server"),
        (smtplib.SMTPConnectError(421, b"later"), "does not take mails now, it says 421"),
        (
            smtplib.SMTPServerDisconnected("Connection unexpectedly closed: timed out"),
            "mail.example:587 does not answer as a mail server does",
        ),
        (TimeoutError(), "mail.example:587 does not answer"),
        (smtplib.SMTPException("odd"), "does not answer as a mail server does"),
    ]
    for error, words in cases:
        assert words in mail_trouble("mail.example:587", error)
