"""JSON Schema and AsyncAPI of every topic, generated from the structs; and what breaks compatibility between two of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec

from domain.events import STRUCTS, User
from domain.messages import AccountAction, DeadLetter, Finding, Notice, Receipt

DIALECT = "https://json-schema.org/draft/2020-12/schema"
OUTPUTS: dict[str, type[msgspec.Struct]] = {
    "findings": Finding,
    "notices": Notice,
    "receipts": Receipt,
    "account-actions": AccountAction,
    "dead-letters": DeadLetter,
}
TOPICS: dict[str, type[msgspec.Struct]] = {**STRUCTS, "users": User, **OUTPUTS}
Schema = dict[str, Any]
INTERFACE_VERSION = "1.0"
"""Of the topics and their fields; grows when fields are added."""


def schemas() -> dict[str, Schema]:
    """Topic (without prefix) -> a self-contained JSON Schema of its values."""
    return {topic: _schema(topic, struct) for topic, struct in TOPICS.items()}


def _schema(topic: str, struct: type[msgspec.Struct]) -> Schema:
    schema = msgspec.json.schema(struct)
    if topic in STRUCTS:  # msgspec leaves the tag optional for a struct that stands alone; on the wire it is required
        own = schema["$defs"][schema["$ref"].rsplit("/", 1)[1]]
        own["required"] = sorted({*own["required"], "type"})
    return {"$schema": DIALECT, "title": topic, **schema}


def documents(*, release: bool = False) -> dict[str, str]:
    """The files of docs/schemas/: name -> text. `release` adds released.json, which later schemas must stay compatible with."""
    files: dict[str, Any] = {f"{topic}.json": schema for topic, schema in schemas().items()}
    files["asyncapi.json"] = asyncapi()
    if release:
        files["released.json"] = schemas()
    return {name: json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n" for name, content in files.items()}


def asyncapi() -> Schema:
    """An AsyncAPI 3.0 document: a channel per topic, `receive` for inputs and `send` for outputs."""
    channels: Schema = {}
    operations: Schema = {}
    for topic in schemas():
        output = topic in OUTPUTS
        channels[topic] = {
            "address": topic,
            "messages": {
                topic: {
                    "contentType": "application/json",
                    "payload": {"schemaFormat": "application/schema+json;version=draft-2020-12", "schema": {"$ref": f"./{topic}.json"}},
                    "bindings": {"kafka": {"key": {"type": "string", "description": "user_id as UTF-8"}}},
                }
            },
        }
        operations[("send" if output else "receive") + "-" + topic] = {
            "action": "send" if output else "receive",
            "channel": {"$ref": f"#/channels/{topic}"},
            "messages": [{"$ref": f"#/channels/{topic}/messages/{topic}"}],
        }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Vigil",
            "version": INTERFACE_VERSION,
            "description": "`kafka.topic_prefix` goes before every address. A null value on `users` erases the user.",
            "license": {"name": "Apache-2.0"},
        },
        "channels": channels,
        "operations": operations,
    }


def breaks(topic: str, old: Schema, new: Schema) -> list[str]:
    """What a reader or writer that relies on `old` would trip over in `new`: one sentence each; [] when compatible.

    Inputs may grow more tolerant (fewer required fields, more values), outputs may say more; neither may lose a field.
    """
    return list(_breaks(topic, "$", _resolved(old, old), _resolved(new, new), output=topic in OUTPUTS, old_root=old, new_root=new))


def _resolved(schema: Schema, root: Schema) -> Schema:
    """Behind references; of an optional value, what it is when it is there (the kinds keep the null)."""
    while "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rsplit("/", 1)[1]]
    present = [option for option in schema.get("anyOf", ()) if option.get("type") != "null"]
    return {**_resolved(present[0], root), **schema} if len(present) == 1 else schema


def _breaks(topic: str, path: str, old: Schema, new: Schema, *, output: bool, old_root: Schema, new_root: Schema) -> Iterator[str]:
    where = f"{topic} {path}"
    old_required, new_required = set(old.get("required", ())), set(new.get("required", ()))
    for name in sorted(new_required - old_required if not output else old_required - new_required):
        yield f"{where}.{name}: {'became required' if not output else 'is no longer always there'}"
    for name, old_property in old.get("properties", {}).items():
        if name not in new.get("properties", {}):
            yield f"{where}.{name}: was removed"
            continue
        yield from _breaks(
            topic,
            f"{path}.{name}",
            _resolved(old_property, old_root),
            _resolved(new["properties"][name], new_root),
            output=output,
            old_root=old_root,
            new_root=new_root,
        )
    old_kinds, new_kinds = _kinds(old, old_root), _kinds(new, new_root)
    lost = old_kinds - new_kinds if not output else new_kinds - old_kinds
    if lost:
        yield f"{where}: {'no longer takes' if not output else 'newly gives'} {', '.join(sorted(lost))}"
    for limit in ("maxLength", "maxItems", "maximum"):
        if not output and limit in new and new[limit] < old.get(limit, float("inf")):
            yield f"{where}: {limit} became smaller"
    if "items" in old and "items" in new and isinstance(old["items"], dict):
        items = (_resolved(old["items"], old_root), _resolved(new["items"], new_root))
        yield from _breaks(topic, f"{path}[]", *items, output=output, old_root=old_root, new_root=new_root)


def _kinds(schema: Schema, root: Schema) -> set[str]:
    """The types and enumerated values that a schema lets through; empty: anything."""
    if "anyOf" in schema:
        return {kind for option in schema["anyOf"] for kind in _kinds(_resolved(option, root), root)}
    if "enum" in schema:
        return {repr(value) for value in schema["enum"]}
    kind = schema.get("type", [])
    return {kind} if isinstance(kind, str) else set(kind)
