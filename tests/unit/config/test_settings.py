"""Settings: where they come from, and how a mistake is said."""

import re
from pathlib import Path

import pytest
from pydantic import BaseModel
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from config.settings import Settings, SettingsError, load

ROOT = Path(__file__).parents[3]
NOTHING = Path("/nonexistent/vigil.yaml")


def _variables(model: type[BaseModel] = Settings, before: str = "VIGIL_") -> list[str]:
    names = []
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            names += _variables(kind, f"{before}{name.upper()}__")
        else:
            names.append(before + name.upper())
    return names


def test_each_setting_is_documented():
    """docs/settings.md has a row for every setting, and for nothing else."""
    documented = re.findall(r"^\| `(VIGIL_[A-Z_]+)`", (ROOT / "docs" / "settings.md").read_text(), re.MULTILINE)

    assert sorted(documented) == sorted(_variables())


def test_the_environment_goes_over_the_file(tmp_path):
    """The file fills what the environment leaves out."""
    file = tmp_path / "vigil.yaml"
    file.write_text("kafka: {brokers: 'a:1', partitions: 8}\n")

    settings = load({"VIGIL_KAFKA__BROKERS": "b:2"}, file)

    assert (settings.kafka.brokers, settings.kafka.partitions) == ("b:2", 8)


def test_lists_are_json():
    """A list of URLs is written as JSON."""
    settings = load({"VIGIL_EMAIL__URLS": '["mailto://h:25/?from=a%40b.example"]'}, NOTHING)

    assert [url.get_secret_value() for url in settings.email.urls] == ["mailto://h:25/?from=a%40b.example"]


def test_a_list_is_whatever_json_allows():
    """Escapes that YAML reads in another way among it."""
    settings = load({"VIGIL_EMAIL__URLS": ' [\t"mailto:\\/\\/h:25\\/?name=\\ud83e\\udd8a" ]'}, NOTHING)

    assert [url.get_secret_value() for url in settings.email.urls] == ["mailto://h:25/?name=\U0001f98a"]


def test_a_slash_at_the_end_of_the_public_address_counts_for_nothing():
    """Answer links would have two in a row."""
    assert load({"VIGIL_CONSOLE__PUBLIC_URL": "https://vigil.example/"}, NOTHING).console.public_url == "https://vigil.example"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("VIGIL_KAFKA__BROKER", "x:1", "no such setting; expected one of VIGIL_KAFKA__BROKERS, "),
        ("VIGIL_KAFKA__BROKERS__X", "x:1", "expected a text"),
        ("VIGIL_NOTICE__BRAND", "x", "no such setting; expected one of VIGIL_NOTICES__..., "),
        ("VIGIL_FOO", "1", "no such setting"),
        ("VIGIL_KAFKA__BROKERS", "kafka", "host:port"),
        ("VIGIL_KAFKA__BROKERS", "foo:bar", "host:port"),
        ("VIGIL_KAFKA__BROKERS", "a:1,,b:2", "host:port"),
        ("VIGIL_KAFKA__BROKERS", "kafka://a:1", "host:port"),
        ("VIGIL_NOTICES__ANSWER_TTL", "99999999999999", "less than or equal"),
        ("VIGIL_CONSOLE__PORT", "abc", "integer"),
        ("VIGIL_CONSOLE__PUBLIC_URL", "vigil.example", "an address that begins with http:// or https://"),
        ("VIGIL_EMAIL__URLS", "mailto://h:25/?from=a%40b.example", "expected a list; in the environment as JSON"),
        ("VIGIL_KAFKA", "a:1", "expected a group of settings"),
        ("VIGIL_CONSOLE__PORT", "70000", "65535"),
        ("VIGIL_CONSOLE__PROXIES", "*", "addresses or networks"),
        ("VIGIL_CONSOLE__PROXIES", "10.0.0.1, proxy.example", "addresses or networks"),
        ("VIGIL_KAFKA__PARTITIONS", "0", "greater than or equal to 1"),
        ("VIGIL_KAFKA__TOPIC_PREFIX", "a b", "letters, digits"),
        ("VIGIL_DATABASE__URL", "mysql://x", "expected sqlite:///PATH or postgresql+psycopg://"),
        ("VIGIL_REDIS__URL", "http://x", "expected redis://HOST:PORT/0"),
        ("VIGIL_EMAIL__URLS", "[broken", "JSON"),
        ("VIGIL_EMAIL__URLS", "mailto://x", "list"),
        ("VIGIL_SECRET_KEY", "short", "32 characters"),
        ("VIGIL_NOTICES__ANSWER_TTL", "-1", "greater than or equal to 1"),
        ("VIGIL_LOG_LEVEL", "loud", "expected debug, info, warning or error"),
    ],
)
def test_a_mistake_names_the_variable_and_what_was_expected(name, value, expected):
    """Whoever reads the message knows what to change."""
    with pytest.raises(SettingsError) as caught:
        load({name: value}, NOTHING)

    assert name in str(caught.value)
    assert expected in str(caught.value)


def test_all_mistakes_are_told_at_once():
    """Two mistakes, two lines."""
    with pytest.raises(SettingsError) as caught:
        load({"VIGIL_FOO": "1", "VIGIL_CONSOLE__PORT": "x"}, NOTHING)

    assert len(str(caught.value).splitlines()) == 2


def test_a_mistake_in_the_file_names_the_file_and_the_path(tmp_path):
    """A typo in YAML is refused with its path."""
    file = tmp_path / "vigil.yaml"
    file.write_text("kafka: {brokrs: 'a:1'}\n")

    with pytest.raises(SettingsError, match=r"vigil\.yaml: kafka\.brokrs: there is no such setting"):
        load({}, file)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"- kafka", "expected names of settings with their values"),
        (b"kafka: [", "not YAML"),
        (b"kafka: {brokers: \xff}", "can't be read"),
    ],
)
def test_a_file_that_is_no_list_of_settings_is_refused_in_one_line(content, expected, tmp_path):
    """Whatever is wrong with it, its name stands before it."""
    file = tmp_path / "vigil.yaml"
    file.write_bytes(content)

    with pytest.raises(SettingsError) as caught:
        load({}, file)

    assert str(caught.value).startswith(f"{file}: ")
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_in_place_of_the_file_is_refused(tmp_path):
    """As when a container mounts a file that isn't there."""
    with pytest.raises(SettingsError, match=r"can't be read: Is a directory"):
        load({}, tmp_path)


def test_a_group_of_which_every_line_is_commented_out_says_nothing(tmp_path):
    """It is as if the group weren't there, also where the environment sets something of it."""
    file = tmp_path / "vigil.yaml"
    file.write_text("kafka:\n#  brokers: a:1\n")

    assert load({}, file) == Settings()
    assert load({"VIGIL_KAFKA__BROKERS": "b:2"}, file).kafka.brokers == "b:2"


def test_a_secret_can_come_from_a_file(tmp_path):
    """As container platforms give it."""
    secret = tmp_path / "key"
    secret.write_text("k" * 40 + "\n")

    assert load({"VIGIL_SECRET_KEY_FILE": str(secret)}, NOTHING).secret_key.get_secret_value() == "k" * 40
    with pytest.raises(SettingsError, match="VIGIL_SECRET_KEY_FILE"):
        load({"VIGIL_SECRET_KEY_FILE": str(tmp_path / "none")}, NOTHING)
    secret.write_bytes(b"\xff" * 40)
    with pytest.raises(SettingsError, match="VIGIL_SECRET_KEY_FILE: expected a text in UTF-8"):
        load({"VIGIL_SECRET_KEY_FILE": str(secret)}, NOTHING)


def test_no_secret_is_printed():
    """Neither the settings' text nor an error shows a secret."""
    secret = "s3cr3t" * 8
    settings = load({"VIGIL_SECRET_KEY": secret, "VIGIL_SMS__URLS": f'["smsgw://{secret}@h:1/"]'}, NOTHING)

    assert secret not in repr(settings)
    with pytest.raises(SettingsError) as caught:
        load({"VIGIL_SECRET_KEY": "tooshort-secret", "VIGIL_CONSOLE__API_TOKEN": "[broken-secret"}, NOTHING)
    assert "secret" not in str(caught.value).lower().replace("vigil_secret_key", "")


def test_an_empty_variable_is_an_empty_text() -> None:
    """`VIGIL_KAFKA__TOPIC_PREFIX=` says: no prefix."""
    assert load(environ={"VIGIL_KAFKA__TOPIC_PREFIX": ""}, file=NOTHING).kafka.topic_prefix == ""


@pytest.mark.parametrize(("peer", "seen"), [("10.1.2.3", "203.0.113.7"), ("192.0.2.1", "203.0.113.7"), ("198.51.100.9", "198.51.100.9")])
async def test_only_the_named_proxies_may_say_a_readers_address(peer, seen):
    """The setting is written as the server reads it; whoever else sends the header is taken for himself."""
    clients = []

    async def app(scope, receive, send):
        clients.append(scope["client"][0])

    proxies = load({"VIGIL_CONSOLE__PROXIES": "192.0.2.1, 10.0.0.0/8"}, NOTHING).console.proxies
    scope = {"type": "http", "client": (peer, 1), "headers": [(b"x-forwarded-for", b"203.0.113.7")]}
    await ProxyHeadersMiddleware(app, trusted_hosts=proxies)(scope, None, None)

    assert clients == [seen]


def test_a_topic_that_is_called_otherwise_at_the_broker_is_known_both_ways() -> None:
    """The others have the prefix."""
    kafka = load({"VIGIL_KAFKA__TOPIC_PREFIX": "v.", "VIGIL_KAFKA__TOPICS": '{"logins": "auth.signins"}'}, NOTHING).kafka

    assert [kafka.at_broker(topic) for topic in ("logins", "trades", "notices")] == ["auth.signins", "v.trades", "v.notices"]
    assert [kafka.topic_of(name) for name in ("auth.signins", "v.trades", "v.notices")] == ["logins", "trades", "notices"]


@pytest.mark.parametrize("topics", ['{"signins": "x"}', '{"logins": "a b"}', '{"logins": "x", "trades": "x"}'])
def test_a_wrong_name_of_a_topic_ends_the_start(topics: str) -> None:
    """Unknown topics, impossible names, one name for two."""
    with pytest.raises(SettingsError, match="VIGIL_KAFKA__TOPICS"):
        load({"VIGIL_KAFKA__TOPICS": topics}, NOTHING)
