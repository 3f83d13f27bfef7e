"""An account manager gets a copy of what his client is told, and nothing that only the client may have."""

from email import message_from_bytes, policy
from typing import Any

import pytest

from domain.events.user import User
from domain.messages import Notice, OldContact
from domain.policy_rules import Managers
from domain.ports import Rendered
from notices.compose import Composer, recipients, slots
from notices.compose.recipients import MANAGER, manager_copy
from tests.support.told import NOW, notice

ANA, DESK = "ana@exchange.example", "vip-desk@exchange.example"
MANAGERS = Managers(people={"ana": ANA}, tiers={"vip": DESK}, locale="de")
TOKEN = "mbI4Ep3QTkTzv1C0mbI4Ep"


def user(**fields: Any) -> User:
    return User(**({"user_id": "u7", "email": "mei@mail.example", "locale": "ja", "tier": "vip", "anti_phishing_code": "red-fox"} | fields))


def warning(**fields: Any) -> Notice:
    return notice(**({"severity": "warning"} | fields))


def composed(told: Notice, reader: User) -> dict[str, Rendered]:
    """By channel and slot."""
    to = [*recipients(told, reader, NOW), *manager_copy(told, reader, MANAGERS)]
    tokens = dict.fromkeys(slots(told, to), TOKEN)
    made = Composer("Example", "http://vigil.example", managers=MANAGERS).compose(told, reader, tokens, NOW, to=to)
    return {f"{one.channel} {one.slot}": one for one in made}


@pytest.mark.parametrize(
    ("fields", "address"),
    [({"account_manager": "ana"}, ANA), ({}, DESK), ({"account_manager": "nobody@evil.example"}, DESK), ({"tier": "regular"}, None),
     ({"tier": None}, None), ({"tier": "regular", "account_manager": "ana"}, ANA)],
)  # fmt: skip
def test_the_copy_goes_to_the_clients_own_manager(fields: dict[str, Any], address: str | None):
    """By name, else to the tier's; the directory can't send a copy to an address of its own."""
    assert [one.address for one in manager_copy(warning(), user(**fields), MANAGERS)] == ([address] if address else [])


@pytest.mark.parametrize("told", [notice(), warning(channels=["inapp"])])
def test_what_is_small_or_stays_in_the_app_is_not_copied(told: Notice):
    """Only the severities that are configured, and only what goes out by e-mail."""
    assert manager_copy(told, user(), MANAGERS) == []


def test_the_copy_holds_no_secret():
    """Neither link nor code nor the client's address; in the manager's language, and it says that it is a copy."""
    told = composed(warning(), user())
    mails = {slot: message_from_bytes(told[f"email {slot}"].payload, policy=policy.default) for slot in ("current", MANAGER)}
    texts = {slot: [part.get_content() for part in mail.walk() if not part.is_multipart()] for slot, mail in mails.items()}

    assert all(TOKEN in text and "red-fox" in text for text in texts["current"])
    for text in texts[MANAGER]:
        assert TOKEN not in text
        assert "/n/" not in text
        assert "red-fox" not in text
        assert "mei@" not in text
        assert "Kopie" in text
        assert "u7" in text
    assert (mails[MANAGER]["To"], mails[MANAGER]["Content-Language"]) == (DESK, "de")
    assert (told[f"email {MANAGER}"].locale, told[f"email {MANAGER}"].locale_reason) == ("de", "manager")
    assert mails["current"]["Content-Language"] == "ja"


def test_the_manager_gets_no_link_of_his_own():
    """A slot without a token can't be answered from."""
    told = warning()
    to = [*recipients(told, user(), NOW), *manager_copy(told, user(), MANAGERS)]

    assert slots(told, to) == ["current"]


def test_no_message_echoes_a_contact():
    """A changed address or number stands in no text, be it the old or the new one."""
    told = warning(
        kind="security_setting_changed",
        facts={"change": "email_changed"},
        reasons=[],
        channels=["email", "sms", "inapp"],
        old_contacts=[OldContact("email", "mei-before@mail.example")],
        new_contacts=[OldContact("email", "mei-after@mail.example")],
    )

    for one in composed(told, user(phone="+886912345678")).values():
        body = one.payload.split(b"\r\n\r\n", 1)[-1]
        assert b"mei" not in body, one.channel
        assert b"912345678" not in body, one.channel


@pytest.mark.parametrize("kind", ["announcement_maintenance", "announcement_delisting", "tip_announcement"])
def test_what_all_clients_are_told_is_not_copied(kind: str):
    """A manager of a thousand clients would get it a thousand times."""
    assert manager_copy(warning(kind=kind), user(), MANAGERS) == []
