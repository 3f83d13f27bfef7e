"""SMTP with STARTTLS, TLS from the first byte, and a password."""

import asyncio
import datetime
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from notices.deliver.outcome import Sent, Unavailable
from notices.deliver.registry import providers
from tests.support.background import Background
from tests.support.outbox import rendered


class Server:
    """Takes mails over TLS from whoever knows the password."""

    def __init__(self, context: ssl.SSLContext, *, at_once: bool):
        self.context, self.at_once = context, at_once
        self.mails: list[bytes] = []
        self.secured: list[bool] = []
        self.port = 0
        self._server: Any = None

    async def start(self) -> None:
        make = lambda: SMTP(  # noqa: E731
            self, hostname="localhost", tls_context=None if self.at_once else self.context, require_starttls=not self.at_once,
            authenticator=self._check, auth_required=True, auth_require_tls=not self.at_once,
        )  # fmt: skip
        context = self.context if self.at_once else None
        self._server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0, ssl=context)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        self._server.close()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.mails.append(envelope.content)
        return "250 2.0.0 Ok: queued as 4XyZ9k"

    def _check(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        good = isinstance(data, LoginPassword) and (data.login, data.password) == (b"alerts", b"p@ss/word")
        return AuthResult(success=good, handled=False)


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """Of a server with a certificate that nobody signed."""
    folder: Path = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + datetime.timedelta(days=1))
    (folder / "cert.pem").write_bytes(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


@pytest.fixture
def serve(background: Background, context: ssl.SSLContext) -> Iterator[Callable[[bool], Server]]:
    running: list[Server] = []

    def run(at_once: bool) -> Server:
        server = Server(context, at_once=at_once)
        background.run(server.start())
        running.append(server)
        return server

    yield run
    for server in running:
        background.run(server.stop())


def url(server: Server, more: str, password: str = "p%40ss%2Fword") -> str:
    mode = "ssl" if server.at_once else "starttls"
    return f"mailtos://alerts:{password}@127.0.0.1:{server.port}/?from=alerts%40vigil.example&mode={mode}{more}"


@pytest.mark.parametrize("at_once", [False, True])
def test_a_mail_goes_out_encrypted_to_a_server_that_asks_for_a_password(serve: Callable[[bool], Server], at_once: bool):
    """Two mails over one session; the server's queue id is kept."""
    server = serve(at_once)
    (provider,) = providers("email", [url(server, "&verify=no")])

    assert [provider.attempt(rendered(n)) for n in (1, 2)] == [Sent("4XyZ9k"), Sent("4XyZ9k")]
    assert provider.probe()
    provider.close()
    assert len(server.mails) == 2


@pytest.mark.parametrize("at_once", [False, True])
def test_a_certificate_that_nobody_signed_is_not_trusted(serve: Callable[[bool], Server], at_once: bool):
    """Unavailable, so the next provider is asked; nothing was said to the server."""
    server = serve(at_once)
    (provider,) = providers("email", [url(server, "")])

    outcome = provider.attempt(rendered(1))

    assert isinstance(outcome, Unavailable)
    assert server.mails == []


def test_a_wrong_password_is_no_refusal_of_the_recipient(serve: Callable[[bool], Server]):
    """535 is ours to mend: the mail waits, and the reason says so without the password."""
    server = serve(False)
    (provider,) = providers("email", [url(server, "&verify=no", "wrong-one")])

    outcome = provider.attempt(rendered(1))

    assert isinstance(outcome, Unavailable)
    assert outcome.reason.startswith("SMTP 535")
    assert "wrong-one" not in outcome.reason
