"""Settings: environment over config/vigil.yaml over defaults. A wrong name or value names the setting and what was expected.

`VIGIL_KAFKA__BROKERS` is `kafka.brokers`. Each variable may instead be given as a file: `VIGIL_SECRET_KEY_FILE=/run/secrets/key`.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from domain.events import INPUT_TOPICS
from domain.messages import Medium

PREFIX = "VIGIL_"
ROOT = Path(__file__).parent


MOST_SECONDS = 366 * 86_400


class SettingsError(ValueError):
    """One or more settings are wrong; the text names each and what was expected."""


class Section(BaseModel):
    """A group of settings; an unknown name is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Kafka(Section):
    """The broker and the topics."""

    brokers: str = Field("127.0.0.1:9092", description="host:port, comma separated")
    topic_prefix: str = Field("", pattern=r"^[A-Za-z0-9._-]*$", description="goes before every topic name")
    topics: dict[str, str] = Field(
        {}, description="input topics that are called otherwise at the broker: Vigil's name to the whole name there"
    )
    partitions: int = Field(4, ge=1, le=1024, description="of each topic; input topics share it")
    replication: int | None = Field(None, ge=1, le=9, description="default: three, or as many brokers as there are")
    group: str = Field("vigil", min_length=1, description="consumer group; `-detect` and `-notify` are appended")
    epoch: str = Field("", description="changes when the broker's offsets begin anew (embedded broker)")
    small_broker: bool = Field(False, description="the broker knows neither static membership nor idempotent producers (embedded broker)")

    @field_validator("topics")
    @classmethod
    def _input_topics(cls, value: dict[str, str]) -> dict[str, str]:
        for topic, name in value.items():
            if topic not in INPUT_TOPICS:
                raise ValueError(f"expected an input topic ({', '.join(INPUT_TOPICS)}), not {topic!r}")
            if not re.fullmatch(r"[A-Za-z0-9._-]{1,249}", name) or list(value.values()).count(name) > 1:
                raise ValueError(f"expected for {topic} the name of a topic that no other stands for, not {name!r}")
        return value

    def at_broker(self, topic: str) -> str:
        """The topic's name at the broker."""
        return self.topics.get(topic) or self.topic_prefix + topic

    def topic_of(self, name: str) -> str:
        """Vigil's name of a topic at the broker."""
        return next((topic for topic, there in self.topics.items() if there == name), name.removeprefix(self.topic_prefix))

    @field_validator("brokers")
    @classmethod
    def _host_and_port(cls, value: str) -> str:
        for broker in value.split(","):
            host, _, port = broker.strip().rpartition(":")
            if not host or "/" in host or " " in host or not port.isdecimal() or not 0 < int(port) < 65536:
                raise ValueError(f"expected host:port, comma separated, not {broker.strip()!r}")
        return value


class Redis(Section):
    """Profiles, inbox, directory."""

    url: str = Field("redis://127.0.0.1:6379/0", pattern=r"^(redis|rediss|unix)://")


class Database(Section):
    """Ledger, outbox, findings, answers."""

    url: str = Field("sqlite:///var/vigil.db", pattern=r"^(sqlite:///|postgresql\+psycopg://)")


class Providers(Section):
    """Apprise URLs in order of preference; the first that works sends."""

    urls: list[SecretStr] = []


class Email(Providers):
    """How mails go out."""

    dkim_key: SecretStr = Field(SecretStr(""), description="private key in PEM, RSA or Ed25519; empty: the relay signs")
    dkim_selector: str = Field("vigil", description="under which the public key is published: SELECTOR._domainkey.DOMAIN")


class Console(Section):
    """The web console, the answer pages, the inbox API."""

    host: str = "127.0.0.1"
    port: int = Field(8080, ge=1, le=65535)
    public_url: str = Field(
        "http://127.0.0.1:8080",
        pattern=r"^https?://[^\s]+[^/\s]$",
        description="as the reader's browser sees it",
    )
    api_token: SecretStr = Field(SecretStr(""), description="bearer token of the exchange's backend; empty: API closed")
    proxies: str = Field("", description="reverse proxies in front (addresses, networks; comma separated): they may say a reader's address")
    users_file: Path | None = Field(None, description="staff who may sign in; see docs/console.md")

    @field_validator("public_url", mode="before")
    @classmethod
    def _without_slash(cls, value: Any) -> Any:
        return value.rstrip("/") if isinstance(value, str) else value

    @field_validator("proxies")
    @classmethod
    def _addresses(cls, value: str) -> str:
        for one in filter(None, map(str.strip, value.split(","))):
            try:
                ip_network(one)
            except ValueError:
                raise ValueError(f"expected addresses or networks, comma separated, not {one!r}") from None
        return value


class Notices(Section):
    """What concerns all notices; the rest is in config/notices.yaml."""

    brand: str = Field("Example Exchange", min_length=1, max_length=40, description="name of the exchange, in words")
    answer_ttl: int = Field(259_200, ge=1, le=MOST_SECONDS, description="seconds an answer link lives")
    late_after: int = Field(86_400, ge=1, le=100 * MOST_SECONDS, description="seconds after which an event is too old to be told")
    default_locale: str = "en"
    code_in_sms: bool = True
    approval: Literal["release", "console", "off"] = Field(
        "release",
        description="which words may be sent: those that came approved with the release or were approved in the console (`release`), "
        "only the latter (`console`), all (`off`)",
    )
    contact_wait: int = Field(
        600, ge=0, le=MOST_SECONDS, description="seconds a delivery waits for the user's contact to appear in the directory"
    )


class Tips(Section):
    """Tips and security reports that go out by themselves."""

    enabled: bool = False
    every: int = Field(1_209_600, ge=86_400, le=MOST_SECONDS, description="seconds from one tip to a user's next")
    per_month: int = Field(2, ge=0, le=31, description="tips a user gets in thirty days at most; 0: none")
    report_every: int = Field(2_592_000, ge=0, le=MOST_SECONDS, description="seconds from one security report to a user's next; 0: none")
    channels: list[Literal["email", "inapp"]] = Field(["email", "inapp"], min_length=1, description="on which they go out; never by SMS")


class Receipts(Section):
    """Callbacks of providers."""

    keys: dict[str, SecretStr] = Field({}, description="provider's name to the key that its callbacks are signed with")

    topics: list[str] = Field([], description="ARNs of the SNS topics by which Amazon SES tells of mails")

    @field_validator("keys")
    @classmethod
    def _named(cls, value: dict[str, SecretStr]) -> dict[str, SecretStr]:
        for name, key in value.items():
            if not re.fullmatch(r"[a-z0-9-]{1,40}", name):
                raise ValueError(f"expected the name of a provider as receipts have it (smsgw, smsgw-2, twilio), not {name[:40]!r}")
            if len(key.get_secret_value()) < 16:
                raise ValueError(f"expected for {name} a key of at least 16 characters")
        return value


class Metrics(Section):
    """Prometheus metrics and health of a worker."""

    port: int | None = Field(None, ge=1, le=65535, description="absent: the worker binds no port")
    host: str = Field("127.0.0.1", min_length=1, description="address that the port is bound to")
    socket: Path | None = Field(None, description="set by `worker` for the processes that it starts: a unix socket in place of the port")


class Models(Section):
    """Learning from verdicts."""

    enabled: bool = Field(
        True, description="workers publish what events were like, and take models that the role `train` learns from verdicts"
    )
    genuine_after: int = Field(
        604_800,
        ge=3_600,
        le=MOST_SECONDS,
        description="seconds without a fraud verdict after which an event counts as genuine to the models",
    )
    publish_every: int = Field(60, ge=1, le=86_400, description="seconds between two models of a family, at least")


class Geo(Section):
    """Operators point these at GeoLite2/GeoIP2 databases; default: the DB-IP Lite data that comes along."""

    city: Path | None = None
    asn: Path | None = None


class Lists(Section):
    """Addresses that nobody should send to."""

    dir: Path | None = Field(ROOT / "lists", description="folder of files of sanctioned and scam addresses; see docs/lists.md")


class Settings(Section):
    """All settings."""

    kafka: Kafka = Kafka()
    redis: Redis = Redis()
    database: Database = Database()
    email: Email = Email()
    sms: Providers = Providers()
    console: Console = Console()
    notices: Notices = Notices()
    tips: Tips = Tips()
    receipts: Receipts = Receipts()
    metrics: Metrics = Metrics()
    models: Models = Models()
    geo: Geo = Geo()
    lists: Lists = Lists()
    secret_key: Annotated[SecretStr, Field(description="signs tokens, encrypts at rest; at least 32 characters")] = SecretStr("")
    data_dir: Path = Path("var")
    mappings_dir: Path = Field(
        ROOT / "mappings", description="files that turn the exchange's own records into events; see docs/mappings.md"
    )
    log_level: str = Field("info", pattern="^(debug|info|warning|error)$")
    embedded: bool = Field(False, description="set by `worker.py run`: mailbox page, demo inbox, one-time sign-in link")

    @field_validator("secret_key")
    @classmethod
    def _long_enough(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value() and len(value.get_secret_value()) < 32:
            raise ValueError("at least 32 characters, e.g. the output of `openssl rand -hex 32`")
        return value


def sending(settings: Settings) -> frozenset[Medium]:
    """The channels that have a provider."""
    return frozenset(medium for medium, ways in (("email", settings.email), ("sms", settings.sms)) if ways.urls)  # type: ignore[misc]


def load(environ: Mapping[str, str] | None = None, file: Path | None = None) -> Settings:
    """The settings of this process. `environ` defaults to os.environ, `file` to config/vigil.yaml. Raises SettingsError."""
    environ = os.environ if environ is None else environ
    path = file or ROOT / "vigil.yaml"
    values = _of_file(path)
    names: dict[str, str] = {}
    for name, text in sorted(environ.items()):
        if not name.startswith(PREFIX):
            continue
        if name.endswith("_FILE") and name not in _FILE_SETTINGS:
            name = name.removesuffix("_FILE")
            try:
                text = Path(text).read_text(encoding="utf-8").strip()
            except OSError as error:
                raise SettingsError(f"{name}_FILE: {error.strerror}: {text}") from None
            except UnicodeDecodeError:
                raise SettingsError(f"{name}_FILE: expected a text in UTF-8: {text}") from None
        _put(values, name, text, names)
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise SettingsError("\n".join(_in_words(e, names, path) for e in error.errors(include_input=False))) from None


_FILE_SETTINGS = {"VIGIL_CONSOLE__USERS_FILE"}


def _of_file(path: Path) -> dict[str, Any]:
    """What vigil.yaml says, {} where there is none. Raises SettingsError."""
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: can't be read: {getattr(error, 'strerror', None) or error}") from None
    except yaml.YAMLError as error:
        raise SettingsError(f"{path}: not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(values or {}, dict):
        raise SettingsError(f"{path}: expected names of settings with their values, such as `kafka: {{brokers: kafka-1:9092}}`")
    return {name: value for name, value in (values or {}).items() if value is not None}  # a group of which every line is commented out


def _put(values: dict[str, Any], name: str, text: str, names: dict[str, str]) -> None:
    """Puts a variable's value at its path; a list or object is written as JSON, or as YAML's short form of it."""
    path = name.removeprefix(PREFIX).lower().split("__")
    node = values
    for part in path[:-1]:
        if not isinstance(node.setdefault(part, {}), dict):
            raise SettingsError(f"{name}: {part} is not a group of settings")
        node = node[part]
    value: Any = text
    if text.lstrip().startswith(("[", "{")):
        try:
            value = json.loads(text)
        except ValueError:
            try:
                value = yaml.safe_load(text)
            except yaml.YAMLError:
                raise SettingsError(f"{name}: expected JSON") from None
    node[path[-1]] = value
    names[".".join(path)] = name


def _in_words(error: Any, names: Mapping[str, str], file: Path) -> str:
    path = ".".join(str(part) for part in error["loc"])
    known = next((names[p] for p in (path, path.rsplit(".", 1)[0]) if p in names), None)
    known = known or next((name for p, name in names.items() if p.startswith(f"{path}.")), None)
    where = known or f"{file.name}: {path}"
    if error["type"] == "extra_forbidden":
        return f"{where}: there is no such setting; expected one of {', '.join(_beside(error['loc'], known is not None))}"
    said = error["msg"].removeprefix("Value error, ")
    if error["type"] == "string_pattern_mismatch":
        said = _EXPECTED.get(path, said)
    return f"{where}: {_EXPECTED.get(error['type'], said)}"


def _beside(path: Sequence[str | int], as_variables: bool) -> list[str]:
    """The settings that there are in the group of an unknown one, the likeliest first; groups end in `__...`."""
    group, within = Settings.model_fields, [str(part) for part in path[:-1]]
    for part in within:
        group = group[part].annotation.model_fields  # type: ignore[union-attr]
    likely = get_close_matches(str(path[-1]), group, n=3, cutoff=0.5)
    names = [*likely, *(name for name in group if name not in likely)]
    if not as_variables:
        return names
    more = {name: "__..." if hasattr(group[name].annotation, "model_fields") else "" for name in names}
    return [PREFIX + "__".join([*within, name]).upper() + more[name] for name in names]


_EXPECTED = {
    "redis.url": "expected redis://HOST:PORT/0, rediss://HOST:PORT/0 or unix:///PATH",
    "database.url": "expected sqlite:///PATH or postgresql+psycopg://USER:PASSWORD@HOST/NAME",
    "console.public_url": "expected an address that begins with http:// or https://",
    "kafka.topic_prefix": "expected letters, digits, `.`, `_` and `-`",
    "log_level": "expected debug, info, warning or error",
    "list_type": 'expected a list; in the environment as JSON: ["...", "..."]',
    "dict_type": 'expected names with values; in the environment as JSON: {"...": "..."}',
    "model_type": "expected a group of settings, each with its value",
    "string_type": "expected a text",
}
"""What a setting's pattern, or a kind of mistake, is in words."""
