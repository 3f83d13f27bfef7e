"""The address ranges of the simulated exchange are where it says they are."""

import ipaddress
from collections import Counter
from pathlib import Path

import pytest

from embedded.exchange.networks import networks, of
from embedded.exchange.people import PLACES
from stores.geo import GeoSurroundings

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def geo() -> GeoSurroundings:
    """The geo data that comes along; unpacked once into var/geo."""
    return GeoSurroundings(None, None, Path(__file__).parents[3] / "var" / "geo")


def test_the_geo_data_places_every_range_where_the_list_says(geo: GeoSurroundings) -> None:
    """Country and autonomous system agree, and only data centres and VPNs are taken for shared exits."""
    for network in networks():
        for n in range(10, 1000, 13):
            place = geo.place(str(ipaddress.ip_network(network.prefix)[n]))
            assert (place.country, place.asn, place.shared_exit) == (network.country, network.asn, network.kind in ("hosting", "vpn")), (
                network
            )


def test_no_range_is_listed_twice() -> None:
    """Two entries of one prefix would make one network look like two."""
    assert max(Counter(n.prefix for n in networks()).values()) == 1


def test_everybody_has_a_home_and_a_carrier() -> None:
    """Each region of the people has at least two homes, and a mobile network."""
    for region in {place[0] for places in PLACES.values() for place in places}:
        assert len(of("home", region)) >= 2, region
        assert of("mobile", region), region
