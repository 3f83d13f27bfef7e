"""Texts over a real HTTP gateway."""

from collections.abc import Callable

from notices.deliver.sender import Sender
from tests.support.background import wait_until
from tests.support.outbox import MemoryOutbox, rendered
from tests.support.sinks import SmsSink, SmtpSink

Start = Callable[..., Sender]


def test_a_text_is_posted_with_its_notice_and_token(outbox: MemoryOutbox, start: Start, sms: SmsSink):
    """The body has id, to and text and nothing else; the gateway's id is in the receipt."""
    outbox.add(rendered(1, "sms", payload="新设备 [red-fox]".encode()))
    start(sms=[sms.url])
    outbox.wait_final()

    (request,) = sms.requests
    assert request.body == {"id": "notice-1", "to": "+886912000001", "text": "新设备 [red-fox]"}
    assert request.authorization == "Bearer gateway-token"
    assert (outbox.last("sms-1").status, outbox.last("sms-1").provider, outbox.last("sms-1").provider_id) == ("sent", "smsgw", "sink-1")


def test_too_many_requests_then_taken(outbox: MemoryOutbox, start: Start, sms: SmsSink):
    """429 with Retry-After: 1, then 200: one text, at the second attempt."""
    sms.rules["+886912000001"] = [429, 200]
    outbox.add(rendered(1, "sms"))
    start(sms=[sms.url])
    outbox.wait_final()

    waited, sent = outbox.rows["sms-1"].history
    assert (waited.status, waited.reason, sent.status) == ("queued", "HTTP 429 told to", "sent")
    assert (sent.at - waited.at).total_seconds() >= 0.75
    assert len(sms.to("+886912000001")) == 1


def test_a_server_error_goes_to_the_next_gateway(outbox: MemoryOutbox, start: Start, sms: SmsSink, background: object):
    """503 at the first; the second takes it at once."""
    second = SmsSink(sms.background, token="other").up()
    sms.mode = 503
    outbox.add(rendered(1, "sms"))
    start(sms=[sms.url, second.url])
    outbox.wait_final()
    second.down()

    assert outbox.history("sms-1") == ["sent"]
    assert outbox.last("sms-1").provider == "smsgw-2"


def test_a_refused_number_is_rejected_and_told_by_mail(outbox: MemoryOutbox, start: Start, sms: SmsSink, smtp: SmtpSink):
    """400: one request, no other gateway, e-mail takes its place."""
    sms.mode = 400
    outbox.add(rendered(1, "sms"))
    start(sms=[sms.url, sms.url], email=[smtp.url])
    outbox.wait_final()

    assert (outbox.last("sms-1").status, outbox.last("sms-1").reason) == ("rejected", "HTTP 400 told to")
    assert len(sms.requests) == 1
    assert outbox.fall_backs == {"sms-1": "email"}


def test_a_gateway_that_is_down_loses_no_text(outbox: MemoryOutbox, start: Start, sms: SmsSink):
    """Ten texts wait; each is posted once when it is back."""
    sms.down()
    outbox.add(*(rendered(number, "sms") for number in range(10)))
    start(sms=[sms.url])
    wait_until(lambda: all(outbox.history(i) for i in outbox.rows))
    sms.up()
    outbox.wait_final()

    assert sorted(request.notice_id for request in sms.requests) == sorted(f"notice-{n}" for n in range(10))


def test_a_connection_serves_many_texts(outbox: MemoryOutbox, start: Start, sms: SmsSink):
    """Fifty texts in a row arrive, and after the gateway was started anew the next one does at its first attempt."""
    outbox.add(*(rendered(number, "sms") for number in range(50)))
    sender = start(sms=[sms.url + "?connections=1"])
    outbox.wait_final()
    sms.down()
    sms.up()
    outbox.add(rendered(50, "sms"))
    sender.wake()
    outbox.wait_final()

    assert len(sms.requests) == 51
    assert outbox.last("sms-50").attempt == 1
