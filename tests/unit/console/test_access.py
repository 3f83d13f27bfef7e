"""Who may do what, and that nothing is open by accident."""

from typing import Any

import pytest
from litestar import Litestar, get
from litestar.testing import TestClient

from console.access import BACKEND, PERMISSIONS, PUBLIC, ROLES, Staff
from console.app import application
from tests.unit.console.conftest import csrf

pytestmark = pytest.mark.slow

MAY = [
    ("security", "decide", "say fraud or genuine"),
    ("security", "findings", "work the queue"),
    ("security", "notices", "read what the owner was told"),
    ("compliance", "reveal", "see a contact, with a reason"),
    ("compliance", "verify", "have the ledger verified"),
    ("security", "announce", "write an announcement"),
    ("compliance", "approve_announcements", "approve what someone else wrote"),
    ("compliance", "notices", "find any notice"),
    ("admin", "embedded", "look into the mailbox of the one-machine stack"),
    ("admin", "detectors", "see what is configured"),
    ("security", "submit_words", "ask for the approval of words"),
    ("compliance", "approve_words", "approve the words of notices"),
    ("admin", "words", "see what a release says"),
    ("admin", "redrive", "send again what a provider's outage kept back"),
    ("security", "redrive", "see to it that a warning arrives"),
    ("compliance", "deliveries", "see what reached nobody"),
]
MAY_NOT = [
    ("security", "reveal", "see whole contacts"),
    ("security", "verify", "run the auditor's check"),
    ("security", "approve_announcements", "let announcements out"),
    ("admin", "announce", "write to everybody"),
    ("security", "embedded", "read other people's mail"),
    ("compliance", "decide", "clear what they audit"),
    ("security", "approve_words", "approve what readers get"),
    ("admin", "approve_words", "approve what readers get"),
    ("compliance", "embedded", "read other people's mail"),
    ("compliance", "redrive", "send what they audit"),
    ("admin", "notices", "read people's notices"),
    ("admin", "users", "look into accounts"),
    ("admin", "findings", "see findings"),
    ("admin", "decide", "decide on them"),
    ("admin", "reveal", "see contacts"),
    ("admin", "verify", "speak of the ledger"),
]
PAGES = [
    ("GET", "/", "overview"),
    ("GET", "/live", "overview"),
    ("GET", "/findings", "findings"),
    ("GET", "/findings/f3", "findings"),
    ("POST", "/findings/f3/decision", "decide"),
    ("POST", "/findings/decisions/v/undo", "decide"),
    ("GET", "/users", "users"),
    ("GET", "/users/u1042", "users"),
    ("GET", "/users/u1042/security-report", "users"),
    ("GET", "/notices", "notices"),
    ("GET", "/notices/n1042", "notices"),
    ("GET", "/notices/n1042/sent/d", "notices"),
    ("POST", "/notices/n1042/reveal/d", "reveal"),
    ("POST", "/notices/n1042/verify", "verify"),
    ("GET", "/announcements", "announcements"),
    ("GET", "/announcements/a1", "announcements"),
    ("GET", "/announcements/a1/html", "announcements"),
    ("GET", "/announcements/new", "announce"),
    ("POST", "/announcements/new", "announce"),
    ("GET", "/announcements/a1/edit", "announce"),
    ("POST", "/announcements/a1/edit", "announce"),
    ("POST", "/announcements/a1/submit", "announce"),
    ("POST", "/announcements/a1/approve", "approve_announcements"),
    ("POST", "/announcements/a1/refuse", "approve_announcements"),
    ("POST", "/announcements/a1/end", "announce"),
    ("GET", "/deliveries", "deliveries"),
    ("POST", "/deliveries/redrive", "redrive"),
    ("GET", "/campaigns", "findings"),
    ("GET", "/models", "detectors"),
    ("GET", "/cases", "findings"),
    ("GET", "/cases/C-0000-0000", "findings"),
    ("POST", "/cases/C-0000-0000/close", "decide"),
    ("GET", "/feedback", "notices"),
    ("GET", "/catalogue", "words"),
    ("GET", "/catalogue/login_new_device", "words"),
    ("GET", "/catalogue/login_new_device/html", "words"),
    ("POST", "/catalogue/submit", "submit_words"),
    ("POST", "/catalogue/decide", "approve_words"),
    ("GET", "/detectors", "detectors"),
    ("GET", "/detectors/login_new_device", "detectors"),
    ("GET", "/mailbox", "embedded"),
    ("GET", "/mailbox/m", "embedded"),
    ("GET", "/mailbox/m/html", "embedded"),
    ("GET", "/demo", "embedded"),
    ("GET", "/demo/u1042", "embedded"),
    ("GET", "/demo/u1042/stream", "embedded"),
    ("POST", "/demo/u1042/n1042", "embedded"),
    ("GET", "/demo/u1042/app", "embedded"),
    ("GET", "/demo/u1042/inbox", "embedded"),
    ("GET", "/demo/u1042/inbox/stream", "embedded"),
    ("POST", "/demo/u1042/inbox/read", "embedded"),
    ("POST", "/demo/u1042/inbox/n1042/read", "embedded"),
    ("GET", "/demo/u1042/check", "embedded"),
    ("POST", "/demo/u1042/check", "embedded"),
]
SIGNED = {"/api/receipts/{provider:str}"}
"""Open to whoever signs with a key of its own: the handler verifies it."""
OPEN = {
    "/n",
    "/n/{token:path}",
    "/u/{token:str}",
    "/h/{token:str}",
    "/check/{token:str}",
    "/healthz",
    "/readyz",
    "/security-report/{token:str}",
    "/sign-in",
    "/sign-in/once/{token:str}",
    "/sign-out",
    "/static/{name:path}",
} | SIGNED
API = {"inbox", "notices", "cases", "security-report"}
"""What the exchange's backend may ask about."""
STAFF = {"ana": "security", "carl": "compliance", "adam": "admin"}


def staff(role: str) -> Staff:
    return Staff(name="x", roles=frozenset({role}), csrf="", session="")


@pytest.mark.parametrize(("role", "permission", "why"), MAY)
def test_she_may(role, permission, why):
    """What each role is for."""
    assert staff(role).may(permission)


@pytest.mark.parametrize(("role", "permission", "why"), MAY_NOT)
def test_he_may_not(role, permission, why):
    """Duties that are kept apart."""
    assert not staff(role).may(permission)


def test_roles_name_only_permissions_that_there_are():
    """And each permission is somebody's."""
    assert set().union(*ROLES.values()) == set(PERMISSIONS)


def test_an_unknown_role_may_nothing():
    """A typing error in the staff file opens no door."""
    assert not any(staff("secuirty").may(permission) for permission in PERMISSIONS)


def routes(app: Litestar) -> list[tuple[str, str, Any]]:
    """(method, path, what it needs) of every route but the OPTIONS that the framework answers by itself."""
    return [
        (str(method), route.path, handler.opt.get("may"))
        for route in app.routes
        for handler in getattr(route, "route_handlers", [])
        for method in handler.http_methods
        if "may" in handler.opt or method != "OPTIONS"
    ]


def test_every_route_says_what_it_needs(app):
    """Without exception."""
    assert [r for r in routes(app) if r[2] not in {PUBLIC, BACKEND, *PERMISSIONS}] == []


def test_only_these_routes_are_open(app):
    """A new open route has to be written down here."""
    assert {path for _, path, may in routes(app) if may == PUBLIC} == OPEN


def test_the_backends_token_opens_the_api_alone(app):
    """Nothing of the console."""
    assert {path.split("/")[2] for _, path, may in routes(app) if may == BACKEND and path.startswith("/api/")} == API
    assert not [path for _, path, may in routes(app) if may == BACKEND and not path.startswith("/api/")]


def test_each_page_is_in_the_list_of_this_test(app):
    """So that the tests below see every one."""
    asked = {may for _, _, may in PAGES}

    assert asked == set(PERMISSIONS)
    assert len({p for m, p, may in routes(app) if may in PERMISSIONS}) == len({p for _, p, _ in PAGES})


@pytest.mark.parametrize(("method", "path", "need"), PAGES)
def test_a_stranger_sees_no_page(shared, browse, method, path, need):
    """He is sent to the sign-in page, whether the thing exists or not."""
    response = browse(shared).request(method, path, follow_redirects=False)

    assert response.status_code == 303
    assert response.headers["location"].startswith("/sign-in")


@pytest.mark.parametrize("name", STAFF)
@pytest.mark.parametrize(("method", "path", "need"), [page for page in PAGES if not page[1].endswith(("/live", "/stream"))])
def test_each_role_sees_its_pages_and_no_other(fresh, browse, name, method, path, need):
    """Over every page and role."""
    client = browse(fresh, name)
    data = {"csrf": csrf(fresh, client)} if method == "POST" else None

    response = client.request(method, path, data=data, follow_redirects=False)

    assert (response.status_code == 403) == (need not in ROLES[STAFF[name]]), response.status_code


def test_a_route_without_a_permission_is_closed_to_everyone(shared):
    """Also to an owner with all roles."""

    @get("/forgotten")
    async def forgotten() -> str:
        return "open"

    with TestClient(application(shared, [forgotten]), base_url="http://testserver.local") as client:
        client.cookies.set("vigil_session", shared.sessions.start("owner"))

        assert client.get("/forgotten").status_code == 403


@pytest.mark.parametrize(("method", "path", "need"), [page for page in PAGES if page[0] == "POST"])
@pytest.mark.parametrize("given", [None, "", "0" * 64])
def test_a_change_without_the_sessions_token_is_refused(shared, browse, method, path, need, given):
    """Another site can make a browser send a form, but doesn't know the token."""
    response = browse(shared, "owner").post(path, data={} if given is None else {"csrf": given}, follow_redirects=False)

    assert response.status_code == 403


def test_a_form_of_another_site_is_refused_whatever_it_carries(fresh, browse):
    """By the browser's own word on where it came from."""
    client = browse(fresh, "ana")
    data = {"csrf": csrf(fresh, client), "label": "fraud"}

    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        assert client.post("/findings/f3/decision", data=data, headers=headers).status_code == 403
