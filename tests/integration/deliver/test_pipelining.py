"""Commands sent at once to servers that take them so (RFC 2920): the same outcomes in half the round trips."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from notices.deliver.outcome import Outcome, Refused, Sent, Unavailable
from notices.deliver.sender import Sender
from notices.deliver.smtp import Line, Server
from tests.support.background import PATIENCE, wait_until
from tests.support.outbox import MemoryOutbox, rendered
from tests.support.sinks import SmtpSink

Start = Callable[..., Sender]
HELLO = b"250-here\r\n250 PIPELINING\r\n"
MAIL = b"To: a@b.example\r\n\r\nhello\r\n"


@contextmanager
def server(*turns: bytes) -> Iterator[tuple[Callable[[bytes], Outcome], list[bytes]]]:
    """A server that answers each packet with the next of `turns`, then hangs up; what sends to it, and what it was told."""
    told: list[bytes] = []
    listening = socket.create_server(("127.0.0.1", 0))

    def talk() -> None:
        connection, _ = listening.accept()
        with connection:
            connection.sendall(b"220 here\r\n")
            for turn in (HELLO, *turns):
                told.append(connection.recv(65_536))
                connection.sendall(turn)

    thread = threading.Thread(target=talk, daemon=True)
    thread.start()
    line = Line(Server("127.0.0.1", listening.getsockname()[1], "insecure", None, None, True), None)
    try:
        yield lambda mail: line.send("us@x.example", "a@b.example", mail), told
    finally:
        line.close(polite=False)
        listening.close()
        thread.join(PATIENCE)


def test_a_mail_takes_two_round_trips():
    """Sender, recipient and the wish to send in one packet; the text in the next."""
    with server(b"250 a\r\n250 b\r\n354 go\r\n", b"250 queued as 4711\r\n") as (send, told):
        assert send(MAIL) == Sent("4711")
    assert told[1:] == [b"MAIL FROM:<us@x.example>\r\nRCPT TO:<a@b.example>\r\nDATA\r\n", MAIL + b".\r\n"]


def test_a_refused_recipient_gets_no_text_even_where_the_server_asks_for_it():
    """550 and then 354: an empty message for nobody, never the text."""
    with server(b"250 a\r\n550 5.1.1 no such user\r\n354 go\r\n", b"554 nobody\r\n", b"250 reset\r\n") as (send, told):
        assert send(MAIL) == Refused("SMTP 550 5.1.1 no such user", dead=True)
    assert told[2:] == [b".\r\n", b"RSET\r\n"]


@pytest.mark.parametrize(
    ("replies", "outcome"),
    [
        (b"250 a\r\n450 4.2.0 greylisted\r\n503 no\r\n", Unavailable("SMTP 450 4.2.0 greylisted", whole=False)),
        (b"451 4.3.0 busy\r\n503 no\r\n503 no\r\n", Unavailable("SMTP 451 4.3.0 busy")),
        (b"250 a\r\n250 b\r\n552 5.2.2 full\r\n", Refused("SMTP 552 5.2.2 full")),
        (b"250 a\r\n421 4.7.0 too many\r\n", Unavailable("SMTP 421 4.7.0 too many")),
    ],
)
def test_the_first_no_is_what_counts(replies: bytes, outcome: Outcome):
    """What the server says to the steps after it follows from it."""
    with server(replies, b"250 reset\r\n") as (send, _):
        assert send(MAIL) == outcome


def test_many_mails_with_one_refusal_among_them(outbox: MemoryOutbox, start: Start, smtp: SmtpSink):
    """A real server: each arrives once, whole, and the refused one holds up nobody."""
    smtp.pipelining = True
    smtp.rules["user7@mail.example"] = "550 5.1.1 no such user"
    outbox.add(*(rendered(number) for number in range(50)))
    start(email=[smtp.url + "&connections=2"])
    outbox.wait_final()

    assert outbox.last("email-7").status == "rejected"
    assert sorted(mail.recipients[0] for mail in smtp.mails) == sorted(f"user{n}@mail.example" for n in range(50) if n != 7)
    mail = smtp.to("user3@mail.example")[0]
    assert mail.raw == b"From: alerts@vigil.example\r\n" + outbox.rows["email-3"].delivery.rendered.payload


def test_a_connection_closed_while_idle_is_renewed(outbox: MemoryOutbox, start: Start, smtp: SmtpSink):
    """Nothing was said on the old one: the first attempt counts."""
    smtp.pipelining = True
    outbox.add(rendered(1))
    sender = start(email=[smtp.url + "&connections=1"])
    outbox.wait_final()
    smtp.down()
    smtp.up()
    outbox.add(rendered(2))
    sender.wake()
    outbox.wait_final()

    assert outbox.last("email-2").attempt == 1
    wait_until(lambda: len(smtp.mails) == 2)
