"""docker-compose.yml can't be run in a test; what can be known of it without Docker is tested here."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from config.settings import Settings, load

ROOT = Path(__file__).parents[3]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if str(service["image"]).startswith("vigil:")}


def test_it_keeps_to_the_compose_specification() -> None:
    """The specification's own JSON Schema takes it."""
    schema = json.loads((ROOT / "tests/data/compose-spec.json").read_text())

    jsonschema.Draft202012Validator(schema).validate(COMPOSE)


def test_the_schema_would_notice_a_mistake() -> None:
    """An option that does not exist is refused, so the test above can fail."""
    schema = json.loads((ROOT / "tests/data/compose-spec.json").read_text())
    broken = COMPOSE | {"services": SERVICES | {"worker": SERVICES["worker"] | {"helthcheck": {}}}}

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema).validate(broken)


@pytest.mark.parametrize("name", sorted(OURS))
def test_every_setting_it_names_exists_and_takes_its_value(name: str, tmp_path: Path) -> None:
    """The settings of a service load; a name or value that is wrong would be an error. Secrets come from files."""
    environment = {}
    for variable, value in OURS[name]["environment"].items():
        assert variable.startswith("VIGIL_")
        if variable.endswith("_FILE") and variable != "VIGIL_CONSOLE__USERS_FILE":
            secret = Path(value).name
            assert secret in OURS[name]["secrets"]
            value = str(tmp_path / secret)
            Path(value).write_text(made_secrets(tmp_path / "made")[secret])
        environment[variable] = value
    settings = load(environ=environment, file=tmp_path / "none.yaml")

    assert isinstance(settings, Settings)
    assert settings.database.url.startswith("postgresql+psycopg://vigil:")
    assert settings.redis.url.startswith("redis://:")
    assert len(settings.secret_key.get_secret_value()) >= 32


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_service_is_pinned_and_hardened(name: str) -> None:
    """No `latest`, no root, no writable root file system, no capability, no way to gain privileges."""
    service = SERVICES[name]

    assert re.fullmatch(r"[a-z/]+:v?\d+\.\d+(\.\d+)?(-\w+)?", service["image"]), service["image"]
    assert str(service["user"]).split(":")[0] not in ("", "0", "root")
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert service.get("healthcheck") or name == "topics"


def test_ports_are_open_on_this_machine_only() -> None:
    """Each published port is bound to 127.0.0.1."""
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]

    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_no_secret_is_written_in_it() -> None:
    """Passwords and keys come from files that scripts/make-secrets makes."""
    assert set(COMPOSE["secrets"]) == {Path(entry["file"]).name for entry in COMPOSE["secrets"].values()}
    for service in SERVICES.values():
        for variable, value in service.get("environment", {}).items():
            if re.search("PASSWORD|SECRET|TOKEN", variable):
                assert variable.endswith("_FILE"), variable
                assert str(value).startswith("/run/secrets/")


def test_make_secrets_makes_every_secret_once(tmp_path: Path) -> None:
    """A second run changes nothing, and others can't enter the folder."""
    made = made_secrets(tmp_path)

    assert set(made) == set(COMPOSE["secrets"])
    assert made == made_secrets(tmp_path)
    assert (tmp_path / "secrets").stat().st_mode & 0o077 == 0
    assert made["postgres_password"] in made["database_url"]


def test_the_image_is_built_on_a_pinned_one() -> None:
    """Both stages on the same, down to the patch; nobody runs as root in it."""
    text = (ROOT / "Dockerfile").read_text()
    bases = re.findall(r"^FROM (\S+)", text, re.MULTILINE)

    assert len(bases) == 2
    assert len(set(bases)) == 1
    assert re.fullmatch(r"python:3\.1[123]\.\d+-slim-\w+", bases[0])
    assert re.search(r"^USER vigil$", text, re.MULTILINE)


def test_the_image_takes_along_every_room_and_nothing_else() -> None:
    """Each folder of code that worker.py may import is copied; tests are not."""
    copied = set(re.findall(r"^COPY (\w+) \1$", (ROOT / "Dockerfile").read_text(), re.MULTILINE))

    assert copied == {"config", "domain", "detectors", "notices", "ledger", "stores", "streams", "console", "embedded"}


def made_secrets(folder: Path) -> dict[str, str]:
    """Runs scripts/make-secrets as it would run in `folder`; name -> content."""
    (folder / "scripts").mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "scripts/make-secrets", folder / "scripts/make-secrets")
    subprocess.run(["bash", folder / "scripts/make-secrets"], check=True, stdout=subprocess.DEVNULL)
    return {path.name: path.read_text() for path in (folder / "secrets").iterdir()}
