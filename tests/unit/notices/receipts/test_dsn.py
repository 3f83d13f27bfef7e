"""Mails that came back: which are believed, and what they say."""

from email.message import EmailMessage
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from mailbox import Maildir, mbox

import pytest

from domain.ids import delivery_id
from ledger.book import Book
from notices.deliver.outgoing import outgoing, sealing
from notices.receipts import dsn
from notices.receipts.mailbox import mails
from tests.support.told import SECRET, notice, rendered

SEAL = sealing(Book(SECRET).mark)
SENT = outgoing(Book(SECRET).mark)(
    rendered(notice()), b"From: a@exchange.example\r\nTo: mei@mail.example\r\nSubject: New device\r\n\r\nText\r\n"
)
MEANT = delivery_id(notice().notice_id, "email", "current")


def report(
    action: str = "failed",
    status: str = "5.1.1",
    said: str = "550 5.1.1 <mei@mail.example> unknown",
    sent: bytes = SENT,
    whole: bool = True,
) -> bytes:
    """A report as mail servers write it; `whole`: with all of the mail, else with its headers."""
    made = MIMEMultipart("report", report_type="delivery-status")
    made["From"], made["To"], made["Subject"] = "MAILER-DAEMON@mx.example", "a@exchange.example", "Undelivered"
    made.attach(MIMEText("I am sorry to have to inform you"))
    fields = EmailMessage()
    fields["Final-Recipient"] = "rfc822; mei@mail.example"
    fields["Action"], fields["Status"], fields["Diagnostic-Code"] = action, status, f"smtp; {said}"
    about = EmailMessage()
    about["Reporting-MTA"] = "dns; mx.example"
    notification = MIMEMessage(about, "delivery-status")
    notification.get_payload().append(fields)
    made.attach(notification)
    headers = sent.partition(b"\r\n\r\n")[0].decode()
    if whole:
        from email import message_from_bytes

        made.attach(MIMEMessage(message_from_bytes(sent)))
    else:
        part = MIMEText(headers + "\n")
        part.replace_header("Content-Type", "text/rfc822-headers")
        made.attach(part)
    return made.as_bytes()


@pytest.mark.parametrize("whole", [True, False])
def test_a_mail_that_came_back_names_its_delivery(whole):
    """By our own mark, from the whole mail or its headers; the reason holds no contact."""
    said = dsn.read(report(whole=whole), SEAL)

    assert said is not None
    assert (said.status, said.delivery_id, said.channel, said.dead) == ("bounced", MEANT, "email", True)
    assert "mei@" not in (said.reason or "")
    assert "5.1.1" in (said.reason or "")


@pytest.mark.parametrize(
    ("status", "dead"),
    [("5.1.1", True), ("5.1.10", True), ("5.2.1", True), ("5.2.2", False), ("5.7.1", False), ("4.4.7", False), ("", False)],
)
def test_a_full_mailbox_is_no_dead_address(status, dead):
    """Only what says that there is no such mailbox counts against the address."""
    said = dsn.read(report(status=status), SEAL)

    assert said is not None
    assert (said.status, said.dead) == ("bounced", dead)


def test_a_delay_says_nothing_yet_and_arrival_is_arrival():
    """The mail server goes on trying."""
    assert dsn.read(report("delayed", "4.2.2"), SEAL) is None
    assert dsn.read(report("relayed", "2.1.5"), SEAL) is None
    arrived = dsn.read(report("delivered", "2.1.5"), SEAL)
    assert arrived is not None
    assert arrived.status == "delivered"


def test_what_is_not_ours_is_not_believed():
    """No mark, a guessed seal, another delivery under a seal that was seen, a mail that is no report."""
    seen = dsn.mark(MEANT, SEAL)
    other = delivery_id(notice(2).notice_id, "email", "current")
    forged = [
        SENT.replace(b"X-Vigil-Delivery", b"X-Other"),
        SENT.replace(seen.encode(), f"{MEANT}.{'0' * 40}".encode()),
        SENT.replace(seen.encode(), seen.replace(MEANT, other).encode()),
    ]

    assert [dsn.read(report(sent=one), SEAL) for one in forged] == [None, None, None]
    assert dsn.read(SENT, SEAL) is None
    assert dsn.read(report(), sealing(Book("another secret of somebody else").mark)) is None


@pytest.mark.parametrize(
    "mail", [b"", b"\0" * 50, b"Content-Type: multipart/report; boundary=x\r\n\r\n--x\r\n", report()[:700], b"a" * 2_000_001]
)
def test_a_broken_mail_is_nobodys_report(mail):
    """And no error."""
    assert dsn.read(mail, SEAL) is None


def test_mails_are_found_in_a_file_an_mbox_and_a_maildir(tmp_path):
    """Each whole, and left where they are."""
    single, box, folder = tmp_path / "one.eml", tmp_path / "box", tmp_path / "dir"
    single.write_bytes(report())
    filled = mbox(box)
    made = Maildir(folder)
    for _ in range(2):
        filled.add(report())
        made.add(report())
    filled.close()

    for path, count in ((single, 1), (box, 2), (folder, 2)):
        for _ in range(2):
            assert [said.delivery_id for mail in mails(path) if (said := dsn.read(mail, SEAL))] == [MEANT] * count
