"""Broker, Redis, mail catcher and SMS gateway that `make run` brings along."""

import json
import smtplib
import socket
import urllib.error
import urllib.request
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import redis
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from config.settings import load
from embedded import stack
from embedded.broker import Broker, api_versions
from embedded.mailbox import Mail, Mailbox, MailCatcher
from embedded.processes import port_free
from embedded.redis import Redis
from embedded.sms_gateway import SmsGateway, Texts
from tests.support.background import PATIENCE, Background


async def through(address: str, topic: str, value: bytes) -> bytes:
    """Makes a topic, sends one record through it and reads it back."""
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    await admin.create_topics([NewTopic(topic, 2, 1)])
    await admin.close()
    producer = AIOKafkaProducer(bootstrap_servers=address)
    await producer.start()
    await producer.send_and_wait(topic, value, key=b"u1")
    await producer.stop()
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=address, auto_offset_reset="earliest")
    await consumer.start()
    record = await consumer.getone()
    await consumer.stop()
    return bytes(record.value)


async def test_a_record_goes_through_the_embedded_broker_and_its_port_is_free_afterwards(tmp_path: Path) -> None:
    """Ready means that clients are served."""
    broker = Broker(tmp_path)
    await broker.start()
    try:
        assert await through(broker.address, "t", b"hello") == b"hello"
    finally:
        await broker.stop()
    assert not await api_versions(broker.port)
    assert port_free(broker.port)


async def test_a_broker_whose_usual_port_is_taken_meanwhile_has_another_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two that start at once both find it free; the slower one goes elsewhere."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port, found = taken.getsockname()[1], iter([True])
        monkeypatch.setattr(stack, "USUAL_BROKER_PORT", port)
        monkeypatch.setattr(stack, "port_free", lambda _: next(found, False))
        late = stack.Stack(load({"VIGIL_DATA_DIR": str(tmp_path)}))
        assert late.broker.port == port
        try:
            await late._start_broker()
            assert late.broker.port != port
            assert await through(late.broker.address, "t", b"hello") == b"hello"
        finally:
            await late.stop()


def test_a_record_goes_through_either_broker(any_broker: Any, background: Background) -> None:
    """The fixture's brokers serve clients alike."""
    assert background.run(through(any_broker.address, "through", "見".encode())) == "見".encode()


async def test_redis_keeps_what_it_had_and_opens_no_port(tmp_path: Path) -> None:
    """What was written is there after a restart; only the socket leads in."""
    server = Redis(tmp_path / "redis")
    await server.start()
    client = redis.Redis.from_url(server.url)
    client.set("a", "1")
    assert client.config_get("port")["port"] == "0"
    client.close()
    await server.stop()
    assert not server.socket.exists()

    await server.start()
    client = redis.Redis.from_url(server.url)
    assert client.get("a") == b"1"
    client.close()
    await server.stop()


async def test_redis_lives_under_a_path_that_is_too_long_for_a_socket(tmp_path: Path) -> None:
    """The socket then lies in a folder of its own that only we can enter."""
    server = Redis(tmp_path / ("x" * 60) / ("y" * 60))
    await server.start()
    try:
        assert len(str(server.socket)) < 104
        assert server.socket.parent.stat().st_mode & 0o077 == 0
    finally:
        await server.stop()
    assert not server.socket.exists()


def mail(to: str, subject: str) -> EmailMessage:
    """A small mail as the product sends them."""
    message = EmailMessage()
    message["To"], message["From"], message["Subject"] = to, "alerts@vigil.example", subject
    message["X-Vigil-Notice"] = "n1"
    message.set_content("新しい端末")
    message.add_alternative("<p>新しい端末</p>", subtype="html")
    message["Content-Language"] = "ja"  # last: setting content takes such headers into the parts
    return message


def test_a_caught_mail_is_there_for_the_console_and_after_a_restart(tmp_path: Path, background: Background) -> None:
    """The catcher tells who listens at once, and keeps the mail on disk whole."""
    heard: list[Mail] = []
    catcher = MailCatcher(tmp_path, heard=heard.append)
    background.run(catcher.start())
    # With a name of ours: else the name server is asked for it, and a test waits for that as long as it takes.
    with smtplib.SMTP("127.0.0.1", catcher.port, local_hostname="localhost", timeout=PATIENCE) as client:
        client.send_message(mail("a@b.example", "新しい端末からのログイン"))
        client.send_message(mail("c@d.example", "two"))
    background.run(catcher.stop())

    assert [m.recipient for m in heard] == ["a@b.example", "c@d.example"]
    newest, oldest = Mailbox(tmp_path).list()
    assert newest.subject == "two"
    assert (oldest.subject, oldest.locale, oldest.notice_id) == ("新しい端末からのログイン", "ja", "n1")
    assert "新しい端末" in oldest.part("html")
    assert [m.id for m in Mailbox(tmp_path).list(to="A@b.example")] == [oldest.id]
    assert port_free(catcher.port)


def post(url: str, body: bytes, token: str) -> tuple[int, dict[str, str]]:
    """(status, answer) of a text posted to the gateway."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=PATIENCE) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        return refused.code, json.load(refused)


def test_the_gateway_takes_texts_with_the_right_token_only(tmp_path: Path, background: Background) -> None:
    """A text that was taken is kept; a refused one isn't."""
    gateway = SmsGateway(tmp_path)
    background.run(gateway.start())
    url = f"http://127.0.0.1:{gateway.port}/sms"
    body = json.dumps({"id": "n1", "to": "+886912345678", "text": "新裝置登入"}).encode()
    try:
        status, answer = post(url, body, gateway.token)
        assert status == 200
        assert answer["id"]
        assert post(url, body, "wrong")[0] == 401
        assert post(url.replace("/sms", "/else"), body, gateway.token)[0] == 404
    finally:
        background.run(gateway.stop())

    assert [(t.notice_id, t.to, t.text) for t in Texts(tmp_path).list()] == [("n1", "+886912345678", "新裝置登入")]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[]", 400),
        (b'{"id": "n", "to": "+1", "text": ""}', 400),
        (b'{"id": "n", "to": "0912", "text": "x"}', 422),
        (b"x" * 70_000, 413),
    ],
)
def test_the_gateway_refuses_what_is_no_text(tmp_path: Path, background: Background, body: bytes, status: int) -> None:
    """Each refusal is a 4xx with a sentence, and nothing is kept."""
    gateway = SmsGateway(tmp_path)
    background.run(gateway.start())
    try:
        answered, answer = post(f"http://127.0.0.1:{gateway.port}/sms", body, gateway.token)
    finally:
        background.run(gateway.stop())

    assert answered == status
    assert answer["error"]
    assert Texts(tmp_path).list() == []
