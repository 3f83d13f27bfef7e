"""E-mail over real SMTP: what arrives, and what becomes of it when servers refuse, hang or go down."""

from collections.abc import Callable

import pytest

from notices.deliver.sender import Sender
from tests.support.background import wait_until
from tests.support.outbox import MemoryOutbox, rendered
from tests.support.sinks import SmsSink, SmtpSink

Start = Callable[..., Sender]


def test_a_mail_arrives_as_it_was_composed_plus_its_sender(outbox: MemoryOutbox, start: Start, smtp: SmtpSink):
    """Every byte of the composed message, after the From of the URL; one recipient; the envelope's sender is the From."""
    outbox.add(rendered(1))
    start(email=[smtp.url])
    outbox.wait_final()

    (mail,) = smtp.mails
    assert mail.raw == b"From: alerts@vigil.example\r\n" + outbox.rows["email-1"].delivery.rendered.payload
    assert (mail.sender, mail.recipients) == ("alerts@vigil.example", ["user1@mail.example"])
    assert mail.message["Message-ID"] == "<notice-1@vigil>"


def test_each_of_many_mails_has_one_recipient_and_one_connection_serves_many(outbox: MemoryOutbox, start: Start, smtp: SmtpSink):
    """200 mails over at most as many connections as the URL allows."""
    outbox.add(*(rendered(number) for number in range(200)))
    start(email=[smtp.url + "&connections=2"])
    outbox.wait_final()

    assert all(len(mail.recipients) == 1 for mail in smtp.mails)
    assert sorted(mail.recipients[0] for mail in smtp.mails) == sorted(f"user{n}@mail.example" for n in range(200))
    assert len(smtp._open) <= 2


def test_a_connection_closed_while_idle_is_renewed_without_a_failed_try(outbox: MemoryOutbox, start: Start, smtp: SmtpSink):
    """The server cuts the idle connection; the next mail is sent at its first attempt."""
    outbox.add(rendered(1))
    sender = start(email=[smtp.url + "&connections=1"])
    outbox.wait_final()
    smtp.down()
    smtp.up()
    outbox.add(rendered(2))
    sender.wake()
    outbox.wait_final()

    assert outbox.history("email-2") == ["sent"]
    assert outbox.last("email-2").attempt == 1


def test_a_server_that_is_down_for_a_while_loses_nothing(outbox: MemoryOutbox, start: Start, smtp: SmtpSink):
    """Thirty mails queue with the reason, and each goes out once when it is back."""
    smtp.down()
    outbox.add(*(rendered(number) for number in range(30)))
    start(email=[smtp.url])
    wait_until(lambda: all(outbox.history(i) for i in outbox.rows))
    wait_until(lambda: max(len(outbox.history(i)) for i in outbox.rows) >= 3)
    assert {receipt.status for row in outbox.rows.values() for receipt in row.history} == {"queued"}
    assert all("refused" in row.history[0].reason for row in outbox.rows.values())

    smtp.up()
    outbox.wait_final()

    assert sorted(mail.recipients[0] for mail in smtp.mails) == sorted(f"user{n}@mail.example" for n in range(30))


def test_when_the_first_hangs_the_second_takes_it(outbox: MemoryOutbox, start: Start, smtp: SmtpSink, smtp2: SmtpSink):
    """The one that hung arrives too, those that come after it don't wait for that."""
    smtp.mode = "hang"
    outbox.add(rendered(1))
    sender = start(email=[smtp.url, smtp2.url])
    wait_until(lambda: sender.lanes["email"][0].stuck())
    outbox.add(*(rendered(number) for number in range(2, 40)))
    sender.wake()
    wait_until(lambda: len(smtp2.mails) == 38)
    outbox.wait_final()

    assert {outbox.last(i).provider for i in outbox.rows} == {"mailto-2"}
    assert outbox.history("email-1") == ["sent"]


def test_a_temporary_refusal_goes_to_the_next_server_at_once(outbox: MemoryOutbox, start: Start, smtp: SmtpSink, smtp2: SmtpSink):
    """451: the second takes it, in the same attempt."""
    smtp.mode = "451 4.3.0 busy"
    outbox.add(rendered(1))
    start(email=[smtp.url, smtp2.url])
    outbox.wait_final()

    assert outbox.history("email-1") == ["sent"]
    assert len(smtp2.mails) == 1


def test_a_recipient_that_is_refused_is_rejected_and_told_by_text(
    outbox: MemoryOutbox, start: Start, smtp: SmtpSink, smtp2: SmtpSink, sms: SmsSink
):
    """550: no other server is asked, the reason doesn't hold the address, SMS takes its place, and others' mails go on."""
    smtp.rules["user1@mail.example"] = "550 5.1.1 <user1@mail.example>: no such user"
    outbox.add(rendered(1), rendered(2))
    start(email=[smtp.url + "&connections=1", smtp2.url], sms=[sms.url])
    outbox.wait_final()

    refused = outbox.last("email-1")
    assert (refused.status, refused.provider) == ("rejected", "mailto")
    assert refused.reason.startswith("SMTP 550 5.1.1")
    assert "user1" not in refused.reason
    assert "mail.example" not in refused.reason
    assert outbox.fall_backs == {"email-1": "sms"}
    assert smtp2.attempts == {}
    assert outbox.last("email-2").status == "sent"


@pytest.mark.parametrize("reply", ["421 4.7.0 too many", "450 4.2.0 greylisted", "530 5.7.0 authentication required"])
def test_what_is_not_a_refusal_of_the_recipient_is_tried_again(outbox: MemoryOutbox, start: Start, smtp: SmtpSink, reply: str):
    """It waits, queued with the server's words, and goes out when the server has changed its mind."""
    smtp.mode = reply
    outbox.add(rendered(1))
    start(email=[smtp.url])
    outbox.wait_history("email-1", 1)
    smtp.recover()
    outbox.wait_final()

    queued, *_, sent = outbox.rows["email-1"].history
    assert (queued.status, queued.reason) == ("queued", f"SMTP {reply}")
    assert sent.status == "sent"


@pytest.mark.parametrize(
    "address", ["bob", "bob@a.example, eve@b.example", "bob@a.example\r\nRCPT TO:<eve@b.example>", "<bob@a.example>", ""]
)
def test_what_is_no_single_address_is_never_put_on_the_wire(outbox: MemoryOutbox, start: Start, smtp: SmtpSink, address: str):
    """Refused before a word is said."""
    outbox.add(rendered(1, recipient=address or " ", payload=b"To: somebody\r\n\r\n"))
    start(email=[smtp.url])
    outbox.wait_final()

    assert (outbox.last("email-1").status, outbox.last("email-1").reason) == ("rejected", "not an e-mail address")
    assert smtp.attempts == {}


def test_an_address_beyond_ascii_arrives(outbox: MemoryOutbox, start: Start, smtp: SmtpSink):
    """Local parts by SMTPUTF8, domains in their ASCII form."""
    outbox.add(rendered(1, recipient="bøb@mail.example"), rendered(2, recipient="bob@bücher.example"))
    start(email=[smtp.url])
    outbox.wait_final()

    assert sorted(mail.recipients[0] for mail in smtp.mails) == ["bob@xn--bcher-kva.example", "bøb@mail.example"]


def test_a_line_with_a_lone_dot_arrives_whole(outbox: MemoryOutbox, start: Start, smtp: SmtpSink):
    """Dots at the start of a line are doubled on the wire and nowhere else."""
    body = b"To: user1@mail.example\r\nX-Vigil-Notice: notice-1\r\n\r\na\r\n.\r\n..b\r\n"
    outbox.add(rendered(1, payload=body))
    start(email=[smtp.url])
    outbox.wait_final()

    assert smtp.mails[0].raw.endswith(b"a\r\n.\r\n..b\r\n")


def test_stopping_leaves_no_connection_open(outbox: MemoryOutbox, start: Start, smtp: SmtpSink):
    """Servers are told goodbye."""
    outbox.add(*(rendered(number) for number in range(20)))
    sender = start(email=[smtp.url])
    outbox.wait_final()

    assert sender.stop(10)
    wait_until(lambda: not smtp._open)
