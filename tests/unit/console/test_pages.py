"""The staff pages: what they show, what they mask, and what an attacker's text does there (nothing)."""

import re
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from console.headers import STAFF_CSP, STORED_CSP
from console.services import Services
from console.users import folded
from domain.events.user import User
from domain.status import BudgetStanding, Heartbeat
from stores.sql.decisions import UNDO_SECONDS
from tests.support.console import CODE, NASTY, NOW, OWNER_EMAIL, OWNER_PHONE, TOKENS
from tests.unit.console.conftest import csrf

pytestmark = pytest.mark.slow

ALL = [
    *(
        "/",
        "/?period=24h",
        "/findings",
        "/findings?state=notice",
        "/findings?q=u7&detector=login_new_device",
        "/findings/f1",
        "/findings/f3",
    ),
    *(
        "/users",
        "/users/u1042",
        "/users/u1042?only=told",
        "/users/u%2F5%205",
        "/users/nobody",
        "/notices",
        "/notices?kind=account_takeover",
    ),
    *(
        "/notices/n1042",
        "/notices/n55",
        "/campaigns",
        "/detectors",
        "/models",
        "/detectors/login_new_device",
        "/detectors/account_takeover",
        "/demo",
        "/demo/u1042",
    ),
]
EMPTY = {
    "/": "None",
    "/findings": "Nothing waits",
    "/campaigns": "No campaign",
    "/announcements": "Nothing was announced",
    "/models": "Warming up",
    "/notices": "Nobody had to be told",
    "/users": "Nobody stood out",
    "/demo": "Nobody was told",
}


def verdicts(made: Services, seconds: float) -> list[dict[str, Any]]:
    """Those that the publisher would take so long after now."""
    taken = made.store.bus.take(NOW + timedelta(seconds=seconds), 99, 0.0)
    return [msgspec.json.decode(message.value) for message in taken if message.topic == "verdicts"]


@pytest.fixture
def owner(shared, browse):
    """Signed in with all roles."""
    return browse(shared, "owner")


@pytest.mark.parametrize("path", ALL)
def test_every_page_shows_foreign_text_as_text(owner, path):
    """A device's name is the attacker's to choose."""
    page = owner.get(path)

    assert page.status_code == 200
    assert NASTY not in page.text
    assert "<script>alert" not in page.text


@pytest.mark.parametrize("path", ALL)
def test_every_page_keeps_contacts_and_secrets_to_itself(owner, path):
    """Contacts are masked; answer tokens work, so they are shown to nobody."""
    page = owner.get(path).text

    assert not [secret for secret in (OWNER_EMAIL, OWNER_PHONE, CODE, *TOKENS.values()) if secret in page]


@pytest.mark.parametrize("path", [*ALL, "/sign-in", "/nothing", "/healthz"])
def test_every_response_carries_the_headers(owner, path):
    """Also those that the router refuses."""
    headers = owner.get(path).headers

    assert headers["content-security-policy"] == STAFF_CSP
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ALL)
def test_no_page_needs_what_its_policy_forbids(owner, path):
    """No inline style, no inline script, no handler, nothing from elsewhere."""
    page = owner.get(path).text

    assert not re.search(r"\sstyle=|\son[a-z]+=|<style|javascript:|hx-on", page)
    assert not re.search(r"<script(?![^>]*\ssrc=\"/static/)", page)
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page)


def test_times_are_given_in_utc_and_for_machines(owner):
    """Each with its offset."""
    page = owner.get("/notices/n1042").text

    assert '<time datetime="2026-11-22T03:14:07Z">22 Nov 2026, 03:14:07 UTC</time>' in page


def test_a_finding_says_why_in_words_and_numbers(owner):
    """Never a score without its reasons."""
    page = owner.get("/findings/f3").text

    assert "Then, the change" in page
    assert "two-factor was switched off" in page
    assert "+0.40" in page
    assert "Genuine, release" in page, "a hold was asked, so the button says what it brings"


def test_the_queue_takes_several_findings_on_one_event_as_one(shared):
    """And puts the gravest first."""
    rows = shared.queries.queue()

    assert [row["finding_id"] for row in rows] == ["f3", "f5"]


def test_a_decision_is_kept_and_published_after_a_moment(fresh, browse):
    """As an analyst's verdict, by name."""
    client = browse(fresh, "ana")

    page = client.post("/findings/f5/decision", data={"csrf": csrf(fresh, client), "label": "fraud"})

    assert "marked fraud" in page.text
    assert fresh.queries.open_count() == 1
    assert verdicts(fresh, UNDO_SECONDS - 1) == []
    (said,) = verdicts(fresh, UNDO_SECONDS)
    assert (said["about"], said["label"], said["source"], said["by"], said["user_id"]) == ("f5", "fraud", "analyst", "ana", "u/5 5")


@pytest.mark.parametrize(("seconds", "word", "published"), [(3, "nobody heard of it", 0), (60, "Too late", 1)])
def test_a_decision_can_be_undone_until_it_goes_out(fresh, browse, seconds, word, published):
    """Afterwards the page says that it was too late."""
    client = browse(fresh, "ana")
    token = csrf(fresh, client)
    page = client.post("/findings/f5/decision", data={"csrf": token, "label": "genuine"}).text
    undo = re.search(r'action="(/findings/decisions/[^"]+/undo)"', page)
    assert undo

    fresh.now.at = NOW + timedelta(seconds=seconds)
    after = client.post(undo[1], data={"csrf": token})

    assert word in after.text
    assert len(verdicts(fresh, 300)) == published
    assert fresh.queries.open_count() == 2 - published


def test_a_decision_needs_a_word(fresh, browse):
    """Another one is refused."""
    client = browse(fresh, "ana")

    assert client.post("/findings/f5/decision", data={"csrf": csrf(fresh, client), "label": "perhaps"}).status_code == 400
    assert fresh.queries.open_count() == 2


def test_the_notice_is_shown_as_it_was_sent(fresh, browse):
    """Its stored HTML stands by itself, under a policy that lets nothing in or out."""
    client = browse(fresh, "carl")
    page = client.get("/notices/n1042").text
    source = re.search(r'<iframe class="frame" src="([^"]+)" sandbox=""', page)
    assert source

    stored = client.get(source[1])

    assert stored.headers["content-security-policy"] == STORED_CSP
    assert "script-src" not in STORED_CSP
    assert CODE in stored.text
    assert TOKENS["u1042"] not in stored.text
    assert "/n/••••" in stored.text


def test_each_channel_is_shown(fresh, browse):
    """Text part, SMS with its segments, inbox item."""
    client = browse(fresh, "carl")
    ids = {d["channel"]: d["delivery_id"] for d in fresh.queries.deliveries_of(["n1042"])}

    text = client.get(f"/notices/n1042?show={ids['email']}&part=text").text
    sms = client.get(f"/notices/n1042?show={ids['sms']}").text
    inapp = client.get(f"/notices/n1042?show={ids['inapp']}").text

    assert '<pre class="raw" lang="en"' in text
    assert "segment" in sms
    assert "/n/••••" in sms
    assert "inbox-list" in inapp


def test_unaltered_is_said_of_what_was_checked_and_altered_of_what_was_not(fresh, browse):
    """A changed byte in the database is seen on the page."""
    client = browse(fresh, "carl")
    assert "Unaltered" in client.get("/notices/n1042").text

    with fresh.store.database.writing() as connection:
        connection.exec_driver_sql("UPDATE ledger_contents SET sealed = zeroblob(length(sealed)) WHERE content_id = 'n1042'")

    page = client.get("/notices/n1042").text
    assert "Unaltered" not in page
    assert "Altered: entry 1" in page
    client.post("/notices/n1042/verify", data={"csrf": csrf(fresh, client)})
    assert fresh.verification
    assert not fresh.verification.fine


def test_a_contact_is_shown_for_a_reason_that_stays(fresh, browse):
    """The reason is in the ledger before the contact is on the page."""
    client = browse(fresh, "carl")
    delivery = next(d["delivery_id"] for d in fresh.queries.deliveries_of(["n1042"]) if d["channel"] == "email")
    address = f"/notices/n1042/reveal/{delivery}?show={delivery}"

    short_reason = client.post(address, data={"csrf": csrf(fresh, client), "reason": "why"})
    page = client.post(address, data={"csrf": csrf(fresh, client), "reason": "court order 17/2026"})

    assert short_reason.status_code == 400
    assert OWNER_EMAIL not in short_reason.text
    assert OWNER_EMAIL in page.text
    (entry,) = fresh.store.ledger.search(user_id=None, kinds=["access"], since=None, until=None, before=None, limit=9)
    body = msgspec.json.decode(entry.body)
    assert (body["who"], body["reason"], body["what"]["delivery_id"]) == ("carl", "court order 17/2026", delivery)
    assert OWNER_EMAIL not in client.get(f"/notices/n1042?show={delivery}").text


def test_the_notice_of_an_erased_owner_says_so(fresh, browse):
    """The chain still verifies, the words are gone."""
    fresh.store.erase("u1042", "asked for it", NOW)

    page = browse(fresh, "carl").get("/notices/n1042").text

    assert "Erased on request" in page
    assert OWNER_EMAIL not in page


def test_notices_are_found_by_what_is_known_of_them(shared, browse):
    """Account, kind, status, day."""
    client = browse(shared, "carl")

    def found(query: str) -> set[str]:
        return set(re.findall(r'href="/notices/(n\d+)"', client.get(f"/notices?{query}").text))

    assert found("") == {"n1042", "n7", "n55"}
    assert found("q=u7") == {"n7"}
    assert found("kind=account_takeover") == {"n1042"}
    assert found("channel=email&status=failed") == {"n55"}
    assert found("since=2026-11-22&until=2026-11-22") == {"n1042", "n7", "n55"}
    assert found("until=2026-11-21") == set()
    assert client.get("/notices?since=yesterday").status_code == 400


def test_pages_of_notices_leave_none_out(fresh):
    """Also of those that were recorded in the same moment."""
    seen: list[str] = []
    before = ""
    while rows := fresh.queries.search_notices(before=before, limit=1):
        seen += [row["notice_id"] for row in rows]
        before = rows[-1]["cursor"]

    assert sorted(seen) == ["n1042", "n55", "n7"]


def test_repeats_that_nobody_was_told_of_stand_as_one():
    """A burst of a hundred trades is one line of the timeline."""
    one = {"what": "finding", "more": 0, "row": {"detector": "trade_burst", "suppressed": "cooldown"}}
    told = {"what": "finding", "more": 0, "row": {"detector": "trade_burst", "suppressed": None}}

    kept = folded([dict(one), dict(one), dict(one), told, dict(one)])

    assert [entry["more"] for entry in kept] == [2, 0, 0]


def test_a_user_of_whom_little_is_known_is_said_to_warm_up(shared, browse):
    """Rather than to have no habits."""
    page = browse(shared, "ana").get("/users/u1042").text

    assert "warming up, 0 of 3 logins" in page
    assert "m••••@mail.example" in page


def test_detectors_show_their_cases_as_they_run(owner):
    """And the configuration as it would stand in the file."""
    page = owner.get("/detectors/login_new_device").text

    assert "holds" in page
    assert "login_new_device:" in page


def test_detectors_show_where_alert_budgets_stand(shared, browse, monkeypatch):
    """By family and worker; one that isn't kept is told as such, and without budgets there is no panel."""
    client = browse(shared, "owner")
    assert "Alert budgets" not in client.get("/detectors").text

    families = [BudgetStanding("login", 8.0, 21.5, 8.1, True, True), BudgetStanding("transfer", 10.0, 30.0, 29.9, False, True)]

    async def beats():
        return [Heartbeat(worker="vm1-7", role="detect", at=shared.now().timestamp(), budgets=families)]

    monkeypatch.setattr(shared, "heartbeats", beats)
    page = client.get("/detectors").text

    assert "Alert budgets" in page
    assert "vm1-7" in page
    assert "21.5" in page
    assert page.count("not kept") == 1


def test_an_empty_console_says_what_will_fill_it(tmp_path, browse):
    """No blank panels on the first day."""
    from tests.support.console import services

    empty = services(tmp_path, filled=False)
    client = browse(empty, "owner")

    for path, words in EMPTY.items():
        assert words in client.get(path).text
    empty.store.close()


def test_the_lamp_is_out_when_no_worker_speaks(fresh, browse):
    """A console must not look well while nobody watches."""

    async def silence() -> list[object]:
        return []

    fresh.heartbeats = silence
    page = browse(fresh, "ana").get("/").text

    assert 'data-state="out"' in page
    assert "Not watching" in page


def test_a_failure_is_told_without_its_values(fresh, browse, capsys):
    """Neither on the page nor in the log."""

    async def broken() -> list[object]:
        raise RuntimeError(f"secret {OWNER_EMAIL}")

    fresh.heartbeats = broken
    response = browse(fresh, "ana").get("/")

    assert response.status_code == 500
    assert OWNER_EMAIL not in response.text + "".join(capsys.readouterr())


def test_the_mailbox_is_there_on_one_machine_only(fresh, browse):
    """Elsewhere there is none to look into."""
    assert browse(fresh, "adam").get("/mailbox").status_code == 404
    fresh.embedded = False
    assert browse(fresh, "adam").get("/demo").status_code == 404


@pytest.mark.parametrize("path", ["look.css", "console.js", "vendor/htmx-4.0.1.min.js", "icon.svg"])
def test_static_files_are_served_and_kept(owner, path):
    """For good, when asked for by their content's name."""
    assert owner.get(f"/static/{path}?v=1").headers["cache-control"].endswith("immutable")


@pytest.mark.parametrize("path", ["..%2fapp.py", "%2e%2e/app.py", "vendor", "nothing.css", "console.js%00"])
def test_nothing_else_is_served(owner, path):
    """Only what is on the list."""
    assert owner.get(f"/static/{path}").status_code == 404


def test_told_is_said_only_where_something_went_out(owner):
    """A notice without a contact told nobody."""
    assert "told to <bdi>u1042</bdi>" in owner.get("/notices/n1042").text
    assert "not told to <bdi>u/5 5</bdi>" in owner.get("/notices/n55").text
    assert "Not told: withdrawal far above usual" in owner.get("/users/u%2F5%205").text
    assert "Owner not told" in owner.get("/findings/f5").text


def test_the_profile_page_survives_any_record(fresh, browse):
    """A directory record with nothing but an id."""
    fresh.users.users["u9"] = User(user_id="u9")

    assert browse(fresh, "ana").get("/users/u9").status_code == 200
