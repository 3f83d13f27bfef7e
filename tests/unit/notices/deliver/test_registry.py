"""Provider URLs: what is taken and what is refused, in words that hold no secret."""

import logging

import pytest

from notices.deliver.provider import Limits, ProviderError
from notices.deliver.registry import providers

MAIL = "mailto://mx.example:2525/?from=alerts%40exchange.example&mode=insecure"


def test_urls_become_providers_in_their_order():
    """The first is `mailto`, the second `mailto-2`; hosts, limits and senders are the URLs'."""
    first, second = providers("email", [MAIL, "mailtos://u:pw@mx2.example/?from=Z%C3%BCri%20%3Cz%40b.example%3E&connections=3&rate=20"])

    assert (first.name, second.name) == ("mailto", "mailto-2")
    assert second.limits == Limits(3, 20.0)
    assert second.plugin.server[:5] == ("mx2.example", 587, "starttls", "u", "pw")
    assert second.plugin.heading == b"From: =?utf-8?b?WsO8cmk=?= <z@b.example>\r\n" or b"=?utf-8?q?Z=C3=BCri?=" in second.plugin.heading


def test_a_url_without_recipient_sends_to_nobody_by_itself():
    """Apprise would fill the empty list with the sender."""
    (provider,) = providers("email", [MAIL])

    assert provider.plugin.targets == []
    assert provider.plugin.notify(body="x", title="y") is False


@pytest.mark.parametrize("more", ["/bob%40mail.example/", "/?to=bob%40mail.example", "/?cc=bob%40mail.example", "/?bcc=bob%40mail.example"])
def test_a_url_that_names_a_recipient_is_refused(more: str):
    """Each notice has one recipient, its own."""
    url = f"mailto://mx.example{more}{'&' if '?' in more else '?'}from=alerts%40exchange.example"

    with pytest.raises(ProviderError, match="names a recipient"):
        providers("email", [url])


@pytest.mark.parametrize(
    ("medium", "url", "words"),
    [
        ("email", "mailto://mx.example/", "sender's address in from="),
        ("email", "mailto://mx.example/?from=nobody", "sender's address in from="),
        ("email", "mailto://mx.example/?from=a%40b.example&mode=tls", "mode=insecure|starttls|ssl"),
        ("email", "smsgw://s3cret@gw.example:1/sms", "smsgw:// is for sms"),
        ("email", "nosuch://s3cret@x", "there is no provider nosuch://"),
        ("sms", "smsgw://gw.example:1/sms", "smsgw://TOKEN@HOST:PORT/PATH"),
        ("sms", "twilio://s3cret", "not complete"),
        ("sms", "smsgw://s3cret@gw.example:1/sms?connections=0", "connections from 1 to 64"),
        ("sms", "smsgw://s3cret@gw.example:1/sms?rate=fast", "are numbers"),
        ("sms", "s3cret", "there is no provider"),
    ],
)
def test_a_wrong_url_is_named_by_its_place_and_not_by_its_text(medium: str, url: str, words: str):
    """The message says which URL and what was expected; tokens and passwords stay out of it."""
    good = {"email": MAIL, "sms": "smsgw://t@gw.example:1/sms"}[medium]

    with pytest.raises(ProviderError) as caught:
        providers(medium, [good, url])

    assert str(caught.value).startswith(f"VIGIL_{medium.upper()}__URLS[1]: ")
    assert words in str(caught.value)
    if url != "s3cret":
        assert "s3cret" not in str(caught.value)


def test_a_token_is_read_as_it_was_before_it_was_put_into_a_url():
    """Percent-encoded characters are the token's own."""
    (provider,) = providers("sms", ["smsgw://a%2Fb%40c@gw.example:8099/v1/sms"])

    assert provider.plugin.token == "a/b@c"
    assert provider.plugin.path == "/v1/sms"
    assert "a/b@c" not in provider.plugin.url(privacy=True)


@pytest.mark.slow
def test_the_providers_of_apprise_itself_serve_as_well():
    """A Twilio URL gives a provider that makes an instance for each recipient."""
    (provider,) = providers("sms", ["twilio://AC" + "a" * 32 + ":" + "b" * 32 + "@14155550100"])

    assert (provider.name, provider.medium) == ("twilio", "sms")


def test_nothing_that_apprise_logs_goes_further():
    """Its log lines name recipients and URLs."""
    heard: list[str] = []
    root = logging.Handler()
    root.emit = lambda record: heard.append(record.getMessage())  # type: ignore[method-assign]
    logging.root.addHandler(root)
    try:
        providers("email", [MAIL])
        logging.getLogger("apprise").warning("Sent Email to bob@mail.example")
        logging.getLogger("apprise.plugins").error("bob@mail.example")
        logging.getLogger("other").error("heard")
    finally:
        logging.root.removeHandler(root)

    assert heard == ["heard"]
