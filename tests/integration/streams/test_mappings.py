"""An exchange's own topics and shapes, taken as they are."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from embedded.broker import Broker
from tests.support.background import wait_until
from tests.support.product import Product

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

AUDIT = """
topic: account-changes
when: {category: security}
fields:
  event_id: {path: seq, as: text}
  user_id: member.id
  occurred_at: {path: ts, as: time, unit: milliseconds}
  change: {path: action, values: {TOTP_OFF: mfa_disabled, PWD_RESET: password_reset}}
  client.ip: remote
"""
MEMBERS = """
topic: users
fields:
  user_id: id
  locale: lang
  email: contact.mail
  time_zone: {value: Asia/Tokyo}
"""


@pytest.fixture
def shapes(tmp_path: Path) -> Path:
    folder = tmp_path / "mappings"
    folder.mkdir()
    (folder / "audit.yaml").write_text(AUDIT)
    (folder / "members.yaml").write_text(MEMBERS)
    return folder


def test_an_exchange_that_names_and_shapes_its_records_otherwise_needs_files_only(
    product: Callable[..., Product], embedded_broker: Broker, shapes: Path
) -> None:
    """Its audit topic leads to a notice to the address of its member topic; what it doesn't concern is passed by, an unknown word put aside."""
    prefix = f"x{datetime.now(UTC):%H%M%S%f}."
    names = {"account-changes": f"{prefix}audit.v2", "users": f"{prefix}members"}
    vigil = product(
        embedded_broker,
        prefix=prefix,
        settings={"VIGIL_KAFKA__TOPICS": json.dumps(names), "VIGIL_MAPPINGS_DIR": str(shapes)},
    )

    def audit(seq: int, action: str, category: str = "security") -> bytes:
        now = datetime.now(UTC).timestamp()
        return json.dumps({"seq": seq, "member": {"id": "m1"}, "ts": int(now * 1000), "action": action, "category": category}).encode()

    vigil.bus.publish_raw("members", json.dumps({"id": "m1", "lang": "ja", "contact": {"mail": "m1@mail.example"}}).encode(), b"m1")
    vigil.bus.publish_raw("audit.v2", audit(1, "VIEWED", category="support"), b"m1")
    vigil.bus.publish_raw("audit.v2", audit(2, "SOMETHING_ELSE"), b"m1")
    vigil.bus.publish_raw("audit.v2", audit(3, "TOTP_OFF"), b"m1")

    (mail,) = wait_until(lambda: vigil.mails("m1@mail.example"), what="the mail")
    letter = vigil.bus.wait("dead-letters", field="change")

    assert mail.message["Content-Language"] == "ja"
    assert mail.message["X-Vigil-Kind"] == "security_setting_changed"
    assert (letter["topic"], letter["field"]) == (f"{prefix}audit.v2", "change")
    assert json.loads(base64.b64decode(letter["value"]))["seq"] == 2
    assert len(vigil.bus.all("dead-letters")) == 1
    status, said = vigil.command("doctor")
    assert f"{prefix}audit.v2" not in said or "missing" not in said, (status, said)


def test_a_mapping_with_a_mistake_ends_the_start_and_says_where(
    product: Callable[..., Product], embedded_broker: Broker, shapes: Path
) -> None:
    """Before anything is consumed."""
    (shapes / "wrong.yaml").write_text("topic: logins\nfields: {user_id: {pth: uid}}\n")
    vigil = product(embedded_broker, workers=0, settings={"VIGIL_MAPPINGS_DIR": str(shapes)})

    status, said = vigil.command("worker")

    assert status == 1, said
    assert "wrong.yaml" in said
    assert "pth" in said
