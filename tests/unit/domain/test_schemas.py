"""The published schemas: fresh, compatible with what was released, and true to what the decoder takes."""

import copy
import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from domain import schemas
from tests.unit.domain.examples import EXAMPLES

FOLDER = Path(__file__).parents[3] / "docs" / "schemas"


@cache
def _now() -> dict[str, Any]:
    """What the structs give, worked out once: only copies of it may be changed."""
    return schemas.schemas()


def test_schemas_are_fresh():
    """Each committed file is what the structs give now; `make schemas` renews them."""
    for name, text in schemas.documents().items():
        assert (FOLDER / name).read_text() == text, f"{name} is stale: run `make schemas`"


def test_schemas_stay_compatible_with_the_released_ones():
    """Nothing that a reader or writer relies on was taken away."""
    released = json.loads((FOLDER / "released.json").read_text())
    now = _now()

    assert set(released) <= set(now)
    assert [trouble for topic, old in released.items() for trouble in schemas.breaks(topic, old, now[topic])] == []


def _login() -> dict[str, Any]:
    return copy.deepcopy(_now()["logins"])


def _finding() -> dict[str, Any]:
    return copy.deepcopy(_now()["findings"])


@pytest.mark.parametrize(
    ("topic", "old", "change", "expected"),
    [
        ("logins", _login, lambda s: s["$defs"]["Login"]["properties"].pop("mfa"), "logins $.mfa: was removed"),
        ("logins", _login, lambda s: s["$defs"]["Login"]["required"].append("client"), "logins $.client: became required"),
        (
            "logins",
            _login,
            lambda s: s["$defs"]["Login"]["properties"]["outcome"]["enum"].remove("blocked"),
            "logins $.outcome: no longer takes 'blocked'",
        ),
        (
            "logins",
            _login,
            lambda s: s["$defs"]["Login"]["properties"]["event_id"].update(maxLength=64),
            "logins $.event_id: maxLength became smaller",
        ),
        ("logins", _login, lambda s: s["$defs"]["Client"]["properties"].pop("ip"), "logins $.client.ip: was removed"),
        ("findings", _finding, lambda s: s["$defs"]["Finding"]["required"].remove("score"), "findings $.score: is no longer always there"),
        ("findings", _finding, lambda s: s["$defs"]["Reason"]["properties"].pop("usual"), "findings $.reasons[].usual: was removed"),
    ],
)
def test_a_breaking_change_is_named(topic, old, change, expected):
    """Each way of breaking a promise is found and says where."""
    before, after = old(), old()
    change(after)

    found = schemas.breaks(topic, before, after)

    assert expected in found


def test_an_added_optional_field_breaks_nothing():
    """Growth is free."""
    before, after = _login(), _login()
    after["$defs"]["Login"]["properties"]["risk_hint"] = {"type": "string"}

    assert schemas.breaks("logins", before, after) == []


@pytest.mark.parametrize("topic", EXAMPLES)
def test_the_documented_examples_fit_their_schema(topic):
    """What the interface page shows is what the schema takes."""
    schema = _now()[topic]

    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(EXAMPLES[topic], schema)


def test_the_type_is_required_on_the_wire():
    """A schema that let an event without type pass would promise what the decoder refuses."""
    event = {k: v for k, v in EXAMPLES["logins"].items() if k != "type"}

    with pytest.raises(jsonschema.ValidationError, match="type"):
        jsonschema.validate(event, _now()["logins"])


def test_asyncapi_names_every_topic_and_its_schema():
    """A channel per topic, each with a schema file that exists."""
    document = schemas.asyncapi()

    assert set(document["channels"]) == set(_now())
    for topic, channel in document["channels"].items():
        reference = channel["messages"][topic]["payload"]["schema"]["$ref"]
        assert (FOLDER / reference).exists()
