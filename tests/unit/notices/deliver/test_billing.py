"""What a text message took: segments, country, price; counted on receipts, said as unknown where it is."""

from collections.abc import Callable

import pytest

from config.notices import load
from domain.policy_rules import SmsPrices
from notices.deliver.billing import Billing
from notices.deliver.outcome import Refused, Sent, Unsure
from notices.deliver.recording import RecordingProvider
from notices.deliver.sender import Sender
from streams.texts import Texts
from tests.support import told
from tests.support.outbox import MemoryOutbox, rendered

PRICES = SmsPrices(
    currency="EUR",
    providers={"smsgw": {"TW": "0.0345", "default": "0.08"}, "twilio": {"TW": "0.05"}},
)


@pytest.mark.parametrize(
    ("provider", "number", "text", "expected"),
    [
        ("smsgw", "+886912345678", "a" * 160, ("TW", 1, "0.034500", "EUR")),
        ("smsgw", "+886912345678", "a" * 161, ("TW", 2, "0.069000", "EUR")),
        ("smsgw", "+886912345678", "字" * 71, ("TW", 2, "0.069000", "EUR")),
        ("smsgw", "+4915112345678", "hi", ("DE", 1, "0.080000", "EUR")),
        ("smsgw", "+14165550100", "hi", ("CA", 1, "0.080000", "EUR")),
        ("twilio", "+4915112345678", "hi", ("DE", 1, None, "")),
        ("vonage", "+886912345678", "hi", ("TW", 1, None, "")),
        ("smsgw", "+99912345678", "hi", ("", 1, "0.080000", "EUR")),
    ],
)
def test_a_text_costs_its_segments_at_its_countrys_price(provider: str, number: str, text: str, expected: tuple[object, ...]):
    """161 letters are two segments; a country without a price has the provider's default; without either it is unknown, not nothing."""
    cost = Billing(PRICES).of(rendered(1, "sms", number, text.encode()), provider)

    assert cost is not None
    assert (cost.country, cost.segments, cost.cost, cost.currency) == expected


def test_mails_and_inbox_items_cost_nothing():
    """Only text messages are billed by the piece."""
    assert [Billing(PRICES).of(rendered(1, channel), "smsgw") for channel in ("email", "inapp")] == [None, None]


def test_receipts_say_what_a_text_took_when_it_was_taken_or_may_have_been(outbox: MemoryOutbox, start: Callable[..., Sender]):
    """A refusal isn't billed; an answer that says neither may be."""
    gateway = RecordingProvider("sms", "smsgw")
    gateway.always = lambda message: {"1": Sent("7"), "2": Refused("HTTP 400"), "3": Unsure("?")}[message.notice_id[-1]]
    outbox.add(rendered(1, "sms"), rendered(2, "sms"), rendered(3, "sms"))
    start(sms=[gateway])
    outbox.wait_final()
    took = [outbox.last(f"sms-{n}").sms for n in (1, 2, 3)]
    texts = Texts()
    texts.add([outbox.last(f"sms-{n}") for n in (1, 2, 3)])

    assert [one and (one.country, one.segments, one.cost) for one in took] == [("TW", 1, None), None, ("TW", 1, None)]
    assert texts.segments == {("smsgw", "TW"): 2}
    assert texts.cost == {}


def test_costs_add_up_in_the_metrics():
    """By provider, country and currency; exact until Prometheus makes a float of it."""
    texts = Texts()
    billing = Billing(PRICES)
    one = told.rendered(told.notice(1), "sms", payload=b"hi")
    texts.add([told.receipt(one, provider="smsgw", sms=billing.of(one, "smsgw")) for _ in range(3)])
    samples = {sample.name: sample.value for family in texts.metrics() for sample in family.samples}

    assert samples == {"vigil_sms_segments_total": 3.0, "vigil_sms_cost_total": 0.1035}


def test_prices_are_read_from_the_file(tmp_path):
    """Decimals in quotes are exact; what would lose digits, and a country that isn't one, is refused by its path."""
    file = tmp_path / "notices.yaml"
    file.write_text('sms_prices: {currency: EUR, providers: {smsgw: {TW: "0.0345", default: "0.08"}}}\n')

    assert load(file).sms_prices.providers == {"smsgw": {"TW": "0.0345", "default": "0.08"}}
    file.write_text("sms_prices: {providers: {smsgw: {TW: 0.1}}}\n")
    with pytest.raises(ValueError, match="sms_prices"):
        load(file)
    file.write_text("sms_prices: {providers: {smsgw: {Taiwan: '1'}}}\n")
    with pytest.raises(ValueError, match="sms_prices"):
        load(file)
