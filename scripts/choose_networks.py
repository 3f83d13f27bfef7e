"""Writes embedded/exchange/networks.json: public prefixes of home, mobile, hosting and VPN networks that the geo data places in one city.

    .venv/bin/python scripts/choose_networks.py var/geo

Run it again when the geo data is renewed and tests/unit/embedded/test_networks.py says that a prefix has moved.
"""

import ipaddress
import json
import random
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import maxminddb

from stores.carrier import unpacked
from stores.geo import GeoSurroundings

ROOT = Path(__file__).parents[1]
CHOSEN = {  # country -> kind -> autonomous systems, by what their operators sell there
    "CN": {"home": [4134, 4837, 17621, 17622], "mobile": [9808, 56040, 56046]},
    "TW": {"home": [3462, 18182], "mobile": [24158, 17421, 24157]},
    "JP": {"home": [4713, 2516, 17676, 18126], "mobile": [9605, 2527]},
    "KR": {"home": [4766, 9318, 3786], "mobile": [9644, 17858]},
    "VN": {"home": [45899, 18403, 7552], "mobile": [131429, 24086, 45543]},
    "RU": {"home": [12389, 8402, 42610], "mobile": [8359, 25159, 31133]},
    "TR": {"home": [47331, 9121, 34984], "mobile": [16135, 15897, 20978]},
    "ES": {"home": [3352, 12479], "mobile": [12430, 15704]},
    "MX": {"home": [8151, 17072], "mobile": [28403, 28469]},
    "BR": {"home": [28573, 18881, 27699], "mobile": [26599, 26615, 22085]},
    "FR": {"home": [3215, 12322, 15557], "mobile": [51207, 5410, 21502]},
    "DE": {"home": [3320, 3209, 31334], "mobile": [6805, 20676]},
    "AE": {"home": [5384, 15802], "mobile": [15802, 5384]},
    "SA": {"home": [25019, 39891], "mobile": [35819, 43766]},
    "EG": {"home": [8452, 24863], "mobile": [36992, 24835]},
    "GB": {"home": [2856, 5089, 5607], "mobile": [12576, 206067]},
    "US": {"home": [7922, 701, 20115, 7018], "mobile": [21928, 6167, 20057]},
    "TH": {"home": [7470, 23969]}, "SG": {"home": [9506, 4773]}, "IT": {"home": [3269, 30722]}, "AU": {"home": [1221, 4804]},
    "CA": {"home": [577, 6327]}, "NL": {"home": [1136, 33915], "hosting": [60781, 49981], "vpn": [9009, 212238]},
    "NG": {"home": [29465, 37148, 328309]}, "RO": {"home": [8708, 9050]}, "UA": {"home": [15895, 25229]}, "PH": {"home": [9299, 17639]},
    "IN": {"home": [55836, 24560]}, "ZA": {"home": [3741, 37457]},
}  # fmt: skip
EXITS = {
    "DE": {"hosting": [24940, 51167]}, "US": {"hosting": [14061, 20473, 63949], "vpn": [60068, 212238]}, "FR": {"hosting": [16276]},
    "GB": {"vpn": [9009, 62240]}, "SG": {"hosting": [14061], "vpn": [212238, 9009]}, "JP": {"vpn": [212238, 9009]},
}  # fmt: skip
A_KIND = {"home": 5, "mobile": 3, "hosting": 2, "vpn": 2}


def main(cache: Path) -> None:
    geo = GeoSurroundings(None, None, cache)
    wanted = {(c, asn): k for source in (CHOSEN, EXITS) for c, kinds in source.items() for k, numbers in kinds.items() for asn in numbers}
    numbers = {asn for _, asn in wanted}
    blocks: dict[int, list[ipaddress.IPv4Network]] = defaultdict(list)
    with maxminddb.open_database(str(unpacked("asn", cache))) as data:
        for network, value in data:
            found: Any = value
            if network.version == 4 and network.prefixlen <= 22 and found["autonomous_system_number"] in numbers:
                blocks[found["autonomous_system_number"]].append(network)
    rng = random.Random(20261122)
    kept: list[dict[str, Any]] = []
    for source in (CHOSEN, EXITS):
        for country, kinds in source.items():
            for kind, systems in kinds.items():
                kept += choose(geo, country, kind, systems, blocks, rng)
    lines = ",\n".join(json.dumps(n, ensure_ascii=False) for n in kept)
    (ROOT / "embedded/exchange/networks.json").write_text(f"[\n{lines}\n]\n")
    print(len(kept), "networks")


def choose(geo: GeoSurroundings, country: str, kind: str, systems: list[int], blocks: Any, rng: random.Random) -> list[dict[str, Any]]:
    """Prefixes of this country and kind, of different systems and cities as far as there are any."""
    chosen: list[dict[str, Any]] = []
    cities: set[str] = set()
    for fresh in (True, False):
        for asn in systems:
            tries = list(blocks[asn])
            rng.shuffle(tries)
            for block in tries[:400]:
                of_it = sum(1 for n in chosen if n["asn"] == asn)
                if len(chosen) >= A_KIND[kind] or of_it >= max(1, A_KIND[kind] // len(systems) + (0 if fresh else 2)):
                    break
                first = int(block.network_address) + (rng.randrange(1 << (22 - block.prefixlen)) << 10)
                prefix = ipaddress.ip_network((first, 22))
                places = {geo.place(str(prefix[n])) for n in (10, 300, 600, 999)}
                if len(places) == 1:  # most fail above; the rest are looked at whole
                    places = {geo.place(str(prefix[n])) for n in range(10, 1000)}
                if len(places) != 1 or any(n["prefix"] == str(prefix) for n in chosen):
                    continue
                place = places.pop()
                exit_expected = kind in ("hosting", "vpn")
                if (
                    place.country != country
                    or place.asn != asn
                    or not place.city
                    or place.shared_exit != exit_expected
                    or (fresh and place.city in cities)
                ):
                    continue
                cities.add(place.city)
                chosen.append({"prefix": str(prefix), "country": country, "city": place.city, "lat": round(place.latitude or 0, 2),
                               "lon": round(place.longitude or 0, 2), "asn": asn, "org": place.organization, "kind": kind})  # fmt: skip
    if not chosen:
        print("nothing for", country, kind, systems)
    return chosen


if __name__ == "__main__":
    main(Path(sys.argv[1]))
