"""What is said to whoever sets up the senders."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from notices.deliver.dkim import Signer
from notices.deliver.registry import providers
from notices.deliver.standing import standing

ONE = "mailto://mx.relay.example:25/?from=alerts%40exchange.example&mode=insecure"
OTHER = "mailto://mx2.relay.example:25/?from=alerts%40exchange-mail.example&mode=insecure"
KEY = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def test_without_a_key_the_relay_has_to_sign():
    """And SPF has to name the relay."""
    (spf, dkim) = standing(providers("email", [ONE]), None, "vigil.exchange.example")

    assert spf[:2] == ("spf", "ok")
    assert "exchange.example" in spf[2]
    assert "mx.relay.example" in spf[2]
    assert dkim[:2] == ("dkim", "warn")


def test_with_a_key_the_record_to_publish_is_shown():
    """The public half alone."""
    (_, dkim) = standing(providers("email", [ONE]), Signer(KEY, "vigil1"), "exchange.example")

    assert dkim[1] == "ok"
    assert 'vigil1._domainkey.exchange.example TXT "v=DKIM1; k=ed25519; p=' in dkim[2]
    assert "PRIVATE" not in dkim[2]


def test_two_domains_and_foreign_links_are_warned_of():
    """Each makes filters doubt."""
    said = list(standing(providers("email", [ONE, OTHER]), Signer(KEY, "vigil1"), "vigil.example"))

    assert [name for name, state, _ in said if state == "warn"] == ["spf", "links"]


def test_without_mail_there_is_nothing_to_say():
    """Texts have no domain."""
    assert list(standing([], None, "vigil.example")) == []
