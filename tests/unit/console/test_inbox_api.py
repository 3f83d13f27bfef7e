"""The inbox API of the exchange's backend, to the letter."""

import asyncio
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from console.inbox_api import pinged, pushed
from console.paths import segment
from domain.ports import Unavailable
from tests.support.background import PATIENCE
from tests.support.console import API_TOKEN, NOW

pytestmark = pytest.mark.slow


def get(client: Any, path: str, bearer: dict[str, str]) -> dict[str, Any]:
    """The JSON of a successful request."""
    response = client.get(path, headers=bearer)
    assert response.status_code == 200, response.text
    found = response.json()
    assert isinstance(found, dict)
    return found


def test_a_user_sees_the_notices_newest_first(shared, browse, bearer):
    """With the fields of the interface."""
    page = get(browse(shared), "/api/inbox/u1042", bearer)

    assert page["unread"] == 1
    assert page["next"] is None
    fields = {"notice_id", "kind", "severity", "title", "body", "created_at", "read_at", "archived_at", "actions"}
    assert fields <= page["items"][0].keys()
    assert page["items"][0]["notice_id"] == "n1042"


def test_while_redis_is_away_the_backend_is_asked_to_come_again(fresh, browse, bearer, monkeypatch):
    """503 and when; it isn't its request that is wrong, and neither is anything of ours."""

    async def away(*_: Any) -> Any:
        raise Unavailable("Redis: refused")

    monkeypatch.setattr(fresh.inbox, "page", away)
    monkeypatch.setattr(fresh.inbox, "mark_read", away)
    client = browse(fresh)
    answers = [client.get("/api/inbox/u1042", headers=bearer), client.post("/api/inbox/u1042/n1042/read", headers=bearer)]

    assert [(answer.status_code, "Redis" in answer.text) for answer in answers] == [(503, False), (503, False)]
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in answers)


@pytest.mark.parametrize("user", ["nobody", "u%2F5%205", "%E2%98%83", "a" * 128, "..%2F..", "%25"])
def test_a_user_without_notices_has_an_empty_list(shared, browse, bearer, user):
    """200, whatever the id looks like."""
    assert get(browse(shared), f"/api/inbox/{user}", bearer) == {"unread": 0, "items": [], "next": None}


def test_an_id_with_a_slash_is_one_user(fresh, browse, bearer):
    """Ids are the exchange's; only control characters are not allowed in them."""
    fresh.inbox.put("a/b c", {"notice_id": "n/1", "title": "t"})
    client = browse(fresh)

    assert get(client, "/api/inbox/a%2Fb%20c", bearer)["unread"] == 1
    assert client.post("/api/inbox/a%2Fb%20c/n%2F1/read", headers=bearer).status_code == 200
    assert get(client, "/api/inbox/a%2Fb%20c", bearer)["unread"] == 0
    assert segment("a\x1fb") == "a/b"


WRONG = [
    {},
    *(
        {"Authorization": value}
        for value in ("Bearer wrong", "Bearer ", "Basic dTpw", API_TOKEN, f"Bearer {API_TOKEN}x", "Bearer é".encode())
    ),
]
REQUESTS = [("GET", ""), ("GET", "/stream"), ("POST", "/n1042/read"), ("POST", "/n1042/archive"), ("POST", "/n1042/answer")]


@pytest.mark.parametrize("headers", WRONG)
@pytest.mark.parametrize(("method", "path"), REQUESTS)
def test_without_the_token_everything_is_refused(shared, browse, method, path, headers):
    """401 in JSON, for each of its requests."""
    response = browse(shared).request(method, f"/api/inbox/u1042{path}", headers=headers)

    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert "error" in response.json()


def test_without_a_configured_token_the_api_is_closed(fresh, browse):
    """An empty token opens nothing, least of all for those who send an empty one."""
    fresh.api_token = ""
    client = browse(fresh)

    for headers in ({}, {"Authorization": "Bearer "}, {"Authorization": "Bearer x"}):
        assert client.get("/api/inbox/u1042", headers=headers).status_code == 401


def test_a_session_of_the_console_does_not_open_the_api(shared, browse):
    """Nor the other way round."""
    assert browse(shared, "owner").get("/api/inbox/u1042").status_code == 401


@pytest.mark.parametrize(("mark", "field"), [("read", "read_at"), ("archive", "archived_at")])
def test_marking_counts_once_and_lowers_what_is_unread(fresh, browse, bearer, mark, field):
    """The first time stays."""
    client = browse(fresh)

    first = client.post(f"/api/inbox/u1042/n1042/{mark}", headers=bearer)
    at = get(client, "/api/inbox/u1042", bearer)["items"][0][field]
    fresh.now.at = NOW + timedelta(hours=1)
    client.post(f"/api/inbox/u1042/n1042/{mark}", headers=bearer)
    page = get(client, "/api/inbox/u1042", bearer)

    assert first.status_code == 200
    assert (page["unread"], page["items"][0][field]) == (0, at)


@pytest.mark.parametrize("path", ["u1042/nothing/read", "u7/n1042/read", "nobody/n1042/archive"])
def test_a_notice_that_the_user_does_not_have_is_not_found(shared, browse, bearer, path):
    """Also another user's."""
    assert browse(shared).post(f"/api/inbox/{path}", headers=bearer).status_code == 404


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=-1", "limit=x", "limit=9999999999", "cursor=%00", "limit=%C2%B2"])
def test_a_wrong_page_is_refused_in_words(shared, browse, bearer, query):
    """400, with the parameter named."""
    response = browse(shared).get(f"/api/inbox/u1042?{query}", headers=bearer)

    assert response.status_code == 400
    assert response.json()["error"].startswith(query.split("=")[0])


def test_pages_follow_one_another(fresh, browse, bearer):
    """By the cursor of the page before."""
    for number in range(5):
        fresh.inbox.put("u9", {"notice_id": f"n{number}", "title": "t"})
    client, seen, cursor = browse(fresh), [], ""
    while True:
        page = get(client, f"/api/inbox/u9?limit=2{cursor}", bearer)
        seen += [item["notice_id"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"

    assert seen == ["n4", "n3", "n2", "n1", "n0"]


def test_an_answer_in_the_app_says_from_where(fresh, browse, bearer):
    """The exchange vouches for the session, so that the verdict carries it."""
    body = {"answer": "me", "client": {"session_id": "s1", "ip": "203.0.113.7", "device_id": "d1"}}

    response = browse(fresh).post("/api/inbox/u1042/n1042/answer", headers=bearer, json=body)

    assert response.status_code == 200
    verdict = next(m for m in fresh.store.bus.take(NOW + timedelta(minutes=1), 9) if m.topic == "verdicts")
    said = msgspec.json.decode(verdict.value)
    assert (said["via"], said["label"], said["client"]) == ("inbox", "genuine", body["client"])


def test_an_answer_in_the_app_and_by_link_are_one_decision(fresh, browse, bearer):
    """The second is refused, wherever it comes from."""
    client = browse(fresh)
    client.post("/api/inbox/u1042/n1042/answer", headers=bearer, json={"answer": "not_me"})

    assert client.post("/api/inbox/u1042/n1042/answer", headers=bearer, json={"answer": "me"}).status_code == 409


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"answer":"maybe"}', b'{"answer":"me","client":5}', b"\xff", b"answer=me"])
def test_another_answer_is_refused(fresh, browse, bearer, content):
    """400, and nothing was decided."""
    response = browse(fresh).post("/api/inbox/u1042/n1042/answer", headers=bearer, content=content)

    assert response.status_code == 400
    assert fresh.store.answers.of_notice("n1042").answer is None


@pytest.mark.parametrize("path", ["u7/n1042", "u1042/nothing", "u/5 5/n55"])
def test_nobody_answers_for_another(fresh, browse, bearer, path):
    """404, as for a notice that there isn't."""
    assert browse(fresh).post(f"/api/inbox/{path}/answer", headers=bearer, json={"answer": "me"}).status_code == 404


def test_a_late_answer_is_refused(fresh, browse, bearer):
    """410."""
    fresh.now.at = NOW + timedelta(days=4)

    assert browse(fresh).post("/api/inbox/u1042/n1042/answer", headers=bearer, json={"answer": "me"}).status_code == 410


def test_other_sites_get_no_access(shared, browse, bearer):
    """No header of the API allows another origin."""
    client = browse(shared)
    asked = {"Origin": "https://other.example", "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}

    answers = [
        client.options("/api/inbox/u1042", headers=asked),
        client.get("/api/inbox/u1042", headers=bearer | {"Origin": "https://other.example"}),
    ]

    assert [name for answer in answers for name in answer.headers if name.startswith("access-control-")] == []


async def test_the_stream_says_the_count_and_then_each_item(fresh):
    """What is put is pushed at once."""
    stream = pushed(fresh, "u1042")

    first = await anext(stream)
    coming = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    fresh.inbox.put("u1042", {"notice_id": "new", "title": "A new one"})
    second = await asyncio.wait_for(coming, PATIENCE)
    await stream.aclose()

    assert (first.event, msgspec.json.decode(first.data)) == ("unread", {"unread": 1})
    assert (second.event, second.id, msgspec.json.decode(second.data)["title"]) == ("item", "new", "A new one")
    assert fresh.inbox.listeners["u1042"] == []


async def test_a_quiet_stream_says_that_it_lives():
    """So that no proxy hangs up."""

    async def silence() -> Any:
        await asyncio.Event().wait()
        yield {}

    beats = pinged(silence(), seconds=0.01)

    assert [await anext(beats), await anext(beats)] == [None, None]
    await beats.aclose()


def test_health_and_readiness(fresh, browse):
    """Ready only while database and Redis answer."""
    client = browse(fresh)

    def away() -> None:
        raise OSError("away")

    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").json() == {"status": "ok", "database": "ok"}
    fresh.checks["redis"] = away
    response = client.get("/readyz")
    assert (response.status_code, response.json()["redis"]) == (503, "down")
