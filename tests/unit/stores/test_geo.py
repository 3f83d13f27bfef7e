"""Addresses and user agents in words."""

from __future__ import annotations

import multiprocessing
import time
from pathlib import Path

import maxminddb
import pytest

from domain.place import NO_AGENT, NOWHERE
from stores import carrier
from stores.agents import describe
from stores.exits import exit_kind, is_carrier, is_exit
from stores.geo import GeoSurroundings
from tests.support.surroundings import real_surroundings

IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 26_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/26.1 Mobile/15E148 Safari/604.1"
)
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"


def test_a_home_address_has_country_city_and_network() -> None:
    """Chunghwa Telecom's lines are in Taiwan and no shared exit."""
    place = real_surroundings().place("1.34.10.20")

    assert (place.country, place.network, place.shared_exit) == ("TW", "as3462", False)
    assert place.city
    assert place.latitude == pytest.approx(24, abs=3)


@pytest.mark.parametrize("ip", ["45.76.96.10", "106.49.128.9", "89.187.184.9", "159.69.152.9", "8.8.8.8"])
def test_hosting_and_vpn_addresses_are_shared_exits(ip: str) -> None:
    """Vultr, M247, Datacamp, Hetzner and a public resolver say nothing about where a person is."""
    assert real_surroundings().place(ip).shared_exit


@pytest.mark.parametrize("ip", [None, "", "10.0.0.1", "203.0.113.7", "::1", "fe80::1%eth0", "junk", "1.2.3.4.5", "9" * 5000, "1.2.3.4\x00"])
def test_private_and_unreadable_addresses_are_nowhere(ip: str | None) -> None:
    """Look-ups never raise and never guess."""
    assert real_surroundings().place(ip) == NOWHERE


def test_an_address_mapped_into_ipv6_is_the_same_place() -> None:
    """Proxies write IPv4 clients as ::ffff:a.b.c.d."""
    assert real_surroundings().place("::ffff:1.34.10.20") == real_surroundings().place("1.34.10.20") != NOWHERE


@pytest.mark.parametrize(
    ("asn", "name", "expected"),
    [
        (9009, "M247 Europe SRL", True),
        (24940, "Hetzner Online GmbH", True),
        (1, "DREAM VPS LTD", True),
        (2, "Indiana Data Center, LLC", True),
        (16591, "Google Fiber Inc.", False),
        (264509, "CONECTA AMAZONIA TELECOM LTDA. - ME", False),
        (63782, "Omaezaki Cable Television Co.Ltd", False),
        (140664, "Cogent Broadband", False),
        (0, "", False),
    ],
)
def test_networks_are_told_apart_by_their_registered_name(asn: int, name: str, expected: bool) -> None:
    """Names that merely resemble a hosting company's stay consumer networks."""
    assert is_exit(asn, name) is expected


@pytest.mark.parametrize(
    ("ip", "kind", "mobile"),
    [
        ("45.76.96.10", "hosting", False),
        ("106.49.128.9", "vpn", False),
        ("1.34.10.20", "", False),
        ("101.14.12.9", "", True),
        ("17.57.144.9", "", False),
    ],
    ids=["a rented server", "a VPN's exit", "a home", "a carrier for phones", "a phone maker's own"],
)
def test_what_kind_of_exit_it_is(ip: str, kind: str, mobile: bool) -> None:
    """Hosting, VPN, or none that hides anybody; and whether phones come from there."""
    place = real_surroundings().place(ip)

    assert (place.exit_kind, place.mobile) == (kind, mobile)


@pytest.mark.parametrize(
    ("name", "kind", "carrier"),
    [
        ("M247 Europe SRL", "vpn", False),
        ("Hetzner Online GmbH", "hosting", False),
        ("Some Proxy Services Ltd", "proxy", False),
        ("T-Mobile USA, Inc.", "", True),
        ("NTT DOCOMO, INC.", "", True),
        ("Free Mobile SAS", "", True),
        ("Chunghwa Telecom Co., Ltd.", "", False),
        ("Automobile Club", "", False),
    ],
)
def test_exits_and_carriers_by_their_registered_name(name: str, kind: str, carrier: bool) -> None:
    """Words, not parts of words."""
    assert (exit_kind(1, name), is_carrier(name)) == (kind, carrier)


@pytest.mark.parametrize(
    ("user_agent", "label", "version"),
    [
        (WINDOWS, "Chrome on Windows", "142"),
        (IPHONE, "Safari on iPhone", "26"),
        (IPHONE.replace("iPhone", "iPad"), "Safari on iPad", "26"),
        (WINDOWS + " Edg/142.0.0.0", "Edge on Windows", "142"),
        ("Exchange/2.90 (iPhone; iOS 18.1; Scale/3.00)", "iPhone app", ""),
        ("okhttp/4.12.0", "Android app", ""),
        ("curl/8.0", "curl", "8"),
    ],
)
def test_user_agents_are_said_in_words(user_agent: str, label: str, version: str) -> None:
    """The words that a user reads, and the version that tells an update."""
    agent = describe(user_agent)

    assert (agent.label, agent.version) == (label, version)


@pytest.mark.parametrize("user_agent", [None, "", "x" * 100_000, "\x00\uffff", "Dart/3.2 (dart:io)"])
def test_an_unknown_user_agent_is_no_agent(user_agent: str | None) -> None:
    """Nothing is invented for what can't be read."""
    assert real_surroundings().agent(user_agent) == NO_AGENT


def test_memory_of_addresses_is_bounded() -> None:
    """A flood of addresses can't fill the memory."""
    assert real_surroundings()._place.cache_info().maxsize == 32_768


def test_the_age_of_the_data_is_known() -> None:
    """The build date is September 2026 or later."""
    assert 0 < real_surroundings().age_days(time.time()) < (time.time() - 1_788_220_000) / 86_400


@pytest.mark.slow
def test_processes_that_unpack_at_once_do_not_clash(tmp_path: Path) -> None:
    """Four start on an empty cache: each gets the same whole file, and nothing else is left."""
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        paths = pool.starmap(carrier.unpacked, [("asn", tmp_path)] * 4)

    assert len(set(paths)) == 1
    assert [p.suffix for p in tmp_path.iterdir() if not p.name.startswith(".")] == [".mmdb"]
    with maxminddb.open_database(str(paths[0])) as reader:
        assert reader.get("8.8.8.8") is not None


def test_unpacking_drops_what_a_kill_left_and_older_data(tmp_path: Path) -> None:
    """Neither a half-written file nor last month's database stays."""
    for name in ("dbip-asn-lite.0123.mmdb", "dbip-asn-lite.0123.999.partial"):
        (tmp_path / name).write_bytes(b"old")

    target = carrier.unpacked("asn", tmp_path)

    assert [p for p in tmp_path.iterdir() if not p.name.startswith(".")] == [target]


def test_damaged_data_is_refused_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A truncated carrier ends in words, not in a wrong place."""
    short = tmp_path / "dbip-asn-lite.mmdb.bz"
    short.write_bytes(carrier._source("asn").read_bytes()[:200_000])
    monkeypatch.setattr(carrier, "_source", lambda name: short)

    with pytest.raises(carrier.CarrierError, match="dbip-asn-lite"):
        carrier.unpacked("asn", tmp_path / "cache")

    assert not list((tmp_path / "cache").glob("dbip*"))


def test_an_operators_own_databases_are_read(tmp_path: Path) -> None:
    """Any .mmdb with the usual fields does; then no attribution of ours is shown."""
    asn = carrier.unpacked("asn", tmp_path)
    surroundings = GeoSurroundings(asn, asn, tmp_path)

    place = surroundings.place("1.34.10.20")

    assert (place.network, place.country) == ("as3462", "")
    assert surroundings.attribution == ""
    surroundings.close()
