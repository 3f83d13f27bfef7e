"""The user directory in a real Redis."""

from datetime import UTC, datetime

import pytest

from domain.events.user import PreviousContact, User
from domain.ports import Unavailable
from embedded.redis import Redis
from ledger.keys import Keyring
from stores.directory import RedisDirectory
from stores.redis_client import connect
from tests.support.background import Background
from tests.support.told import SECRET

MEI = User(
    user_id="u7",
    locale="zh-TW",
    email="mei@mail.example",
    phone="+886912345678",
    anti_phishing_code="紅\0狐",
    previous_contacts=[PreviousContact(kind="email", value="old@mail.example", replaced_at=datetime(2026, 11, 1, tzinfo=UTC))],
)


@pytest.fixture
def directory(redis_server: Redis) -> RedisDirectory:
    return RedisDirectory(connect(redis_server.url), Keyring(SECRET).box("directory"))


def test_a_record_comes_back_whole(directory: RedisDirectory) -> None:
    """Every field survives, odd characters too; who isn't there is None."""
    directory.put_many([MEI, User(user_id="u8")])

    assert directory.get_many(["u7", "u9", "u8"]) == {"u7": MEI, "u9": None, "u8": User(user_id="u8")}


def test_more_users_than_one_command_takes(directory: RedisDirectory) -> None:
    """1,201 records go in and come out."""
    directory.put_many(User(user_id=f"u{i}", region="TW") for i in range(1201))

    found = directory.get_many([f"u{i}" for i in range(1201)])

    assert all(user == User(user_id=name, region="TW") for name, user in found.items())
    assert len(found) == 1201


def test_contacts_are_not_readable_in_redis(directory: RedisDirectory, redis_server: Redis) -> None:
    """Neither address, number nor code stands in the value."""
    directory.put_many([MEI])

    value = connect(redis_server.url).get("vigil:user:u7")

    assert not any(part in value for part in (b"mail.example", b"912345678", "紅".encode()))


def test_a_value_put_under_another_user_does_not_open(directory: RedisDirectory, redis_server: Redis) -> None:
    """Someone with write access to Redis can't redirect one user's notices to another's address."""
    directory.put_many([MEI, User(user_id="u8", email="thief@mail.example")])
    client = connect(redis_server.url)

    client.set("vigil:user:u7", client.get("vigil:user:u8"))

    assert directory.get_many(["u7"]) == {"u7": None}


def test_an_erased_user_is_gone(directory: RedisDirectory) -> None:
    """As by a null record of `users`."""
    directory.put_many([MEI])

    directory.erase("u7")

    assert directory.get_many(["u7"]) == {"u7": None}


def test_an_emptied_redis_is_noticed(directory: RedisDirectory, redis_server: Redis) -> None:
    """`loaded` is false at first, true after the load, false again once Redis is emptied."""
    seen = [directory.loaded()]
    directory.mark_loaded()
    seen.append(directory.loaded())
    connect(redis_server.url).flushall()
    seen.append(directory.loaded())

    assert seen == [False, True, False]


def test_another_secret_key_means_reading_anew(directory: RedisDirectory, redis_server: Redis) -> None:
    """What another key sealed counts as absent, the mark too."""
    directory.put_many([MEI])
    directory.mark_loaded()

    other = RedisDirectory(connect(redis_server.url), Keyring("another secret, long enough too").box("directory"))

    assert (other.loaded(), other.get_many(["u7"])) == (False, {"u7": None})


def test_a_redis_that_is_down_is_said(directory: RedisDirectory, redis_server: Redis, background: Background) -> None:
    """Unavailable, which callers wait out; when it is back the same object works."""
    background.run(redis_server.stop())
    with pytest.raises(Unavailable):
        directory.get_many(["u7"])

    background.run(redis_server.start())

    assert directory.get_many(["u7"]) == {"u7": None}
