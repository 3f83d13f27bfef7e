"""Where providers call back."""

import msgspec
import pytest

from console import amazon
from console.limits import Guesses
from notices.receipts import signed, sns, twilio
from tests.support.console import NOW
from tests.support.told import notice, receipt, rendered

KEYS = {"smsgw": "the gateway's own key", "twilio": "the auth token of twilio"}
AT = str(int(NOW.timestamp()))


@pytest.fixture
def calling(fresh, browse):
    """`calling(provider, body, **headers)`, after a text was sent by each provider."""
    fresh.receipt_keys, fresh.sending = KEYS, frozenset({"email", "sms"})
    for number, provider in enumerate(KEYS):
        told = notice(number, user="u9")
        text = rendered(told, "sms")
        with fresh.store.transaction(NOW) as tx:
            tx.add_notice(told, [text])
        fresh.store.outbox.record([(receipt(text, provider=provider, provider_id=f"id-{provider}"), None)])
    client = browse(fresh)

    def call(provider, body, **headers):
        return client.post(f"/api/receipts/{provider}", content=body, headers={k.replace("_", "-"): v for k, v in headers.items()})

    return call


def by_gateway(calling, said, key=KEYS["smsgw"], provider="smsgw"):
    """A signed call."""
    body = msgspec.json.encode(said)
    return calling(provider, body, X_Vigil_Timestamp=AT, X_Vigil_Signature=signed.signature(key, AT, body))


def test_a_signed_call_moves_the_delivery_on(calling, fresh):
    """It shows in the ledger and can be told again."""
    answers = [by_gateway(calling, {"id": "id-smsgw", "status": "delivered"}) for _ in range(2)]
    statuses = [row["status"] for row in fresh.queries.receipts_of(notice(0, user="u9").notice_id)]

    assert [(one.status_code, one.json()) for one in answers] == [(200, {"taken": 1, "unknown": []})] * 2
    assert sorted(statuses) == ["delivered", "sent"]


def test_what_is_not_signed_changes_nothing(calling, fresh):
    """No signature, another provider's key, a provider without a key."""
    said = {"id": "id-smsgw", "status": "delivered"}
    refused = [
        calling("smsgw", msgspec.json.encode(said)),
        by_gateway(calling, said, key=KEYS["twilio"]),
        by_gateway(calling, said, key="", provider="vonage"),
    ]

    assert [one.status_code for one in refused] == [401, 401, 401]
    assert [row["status"] for row in fresh.queries.receipts_of(notice(0, user="u9").notice_id)] == ["sent"]


def test_one_provider_can_not_speak_of_anothers_texts(calling, fresh, monkeypatch):
    """Its id is unknown there: 404, so that one which is only early is told again."""
    monkeypatch.setattr("console.receipts_api.WAITS", (0.0,))
    answer = by_gateway(calling, [{"id": "id-twilio", "status": "bounced"}])

    assert (answer.status_code, answer.json()) == (404, {"taken": 0, "unknown": ["id-twilio"]})


def test_twilio_signs_the_public_address(calling, fresh):
    """As it was configured there, whatever a proxy made of it."""
    form = {"MessageSid": "id-twilio", "MessageStatus": "undelivered", "ErrorCode": "30005"}
    given = twilio.signature(KEYS["twilio"], f"{fresh.public_url}/api/receipts/twilio", list(form.items()))
    body = "&".join(f"{k}={v}" for k, v in form.items()).encode()

    assert calling("twilio", body, X_Twilio_Signature=given).status_code == 200
    assert calling("twilio", body + b"&x=1", X_Twilio_Signature=given).status_code == 401
    assert fresh.store.waiting(NOW)[0].channel == "email"


def test_who_guesses_is_slowed_down(calling, fresh):
    """After some wrong signatures; then a good one has to wait too."""
    fresh.callback_guesses = Guesses(burst=3, per_second=0.001)
    codes = {calling("smsgw", b"{}").status_code for _ in range(4)} - {429}
    last = calling("smsgw", b"{}")

    assert codes == {401}
    assert last.status_code == 429
    assert int(last.headers["Retry-After"]) >= 1


def test_ses_speaks_through_topics_that_are_configured(calling, fresh, monkeypatch):
    """A subscription is confirmed where the envelope is good; what can't be fetched is asked for again later."""
    asked = []
    fresh.fetch = lambda url: asked.append(url) or b""
    good = sns.Envelope(
        "SubscriptionConfirmation", "m", "1", NOW, "arn", "s", "2", "https://cert", "https://sns.eu-west-1.amazonaws.com/?x"
    )
    refused = calling("ses", msgspec.json.encode(good))
    monkeypatch.setattr(sns, "verified", lambda *_: good)
    confirmed = calling("ses", b"{}")

    def away(*_):
        raise OSError("no way")

    fresh.fetch = away

    assert (refused.status_code, confirmed.status_code, asked) == (401, 200, [good.subscribe_url])
    assert calling("ses", b"{}").status_code == 503


@pytest.mark.parametrize("url", ["https://evil.example/x", "http://sns.eu-west-1.amazonaws.com/x", "file:///etc/passwd"])
def test_nothing_is_fetched_from_anywhere_else(url):
    """Whatever an envelope names."""
    with pytest.raises(OSError, match="not an address of SNS"):
        amazon.fetch(url)
