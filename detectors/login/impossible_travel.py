"""Two sign-ins that one person can't have made: too far apart for the time between them.

Speed is the great-circle distance, less what coordinates of network addresses are off by, over the time between. The score is
v / (v + maximum_kmh): 0.5 at the speed of an airliner, near 1 at a hundred times that.
"""

from __future__ import annotations

import math

from detectors.base import NORMAL, WARMING_UP, Detector, Score, Sighting, WarmingUp
from detectors.gates import SUCCEEDED
from detectors.login import sight
from domain.events import Login
from domain.habits import Habits
from domain.habits.login import MAX_NETWORKS, LastPlace, remember
from domain.messages import Reason

EARTH_KM = 6371.0
SHORTEST_HOURS = 1 / 60
"""Two sign-ins in the same minute count as a minute apart."""


class ImpossibleTravel(Detector):
    """Compares with the last sign-in whose address says where the person was; shared exits never do."""

    events = (Login,)
    judges = teaches = SUCCEEDED
    maximum_kmh: float
    uncertainty_km: float
    minimum_km: float
    minimum_km_within_country: float

    def score_one(self, seen: Sighting, habits: Habits) -> Score | WarmingUp:
        place, login = seen.place, habits.login
        if seen.event.outcome != "success" or place.shared_exit or place.latitude is None or place.longitude is None:
            return NORMAL
        last = login.last
        if last is None:
            return WARMING_UP
        at_home = sight.network_known(seen, login)
        same_country = place.country == last.country
        # A carrier's coordinates wander within its country, and who lives with two networks switches between them.
        known_device = sight.device_known(seen, login)
        if (at_home and known_device) or (same_country and (at_home or known_device)):
            return NORMAL
        # Abroad a phone's data come out of its carrier at home, and at once out of the hotel's line.
        if (place.mobile or last.mobile) and (known_device or same_country):
            return NORMAL
        km = max(0.0, great_circle(last.latitude, last.longitude, place.latitude, place.longitude) - self.uncertainty_km)
        if km < (self.minimum_km_within_country if same_country else self.minimum_km):
            return NORMAL
        hours = max(abs(seen.event.at - last.at) / 3600, SHORTEST_HOURS)
        speed = km / hours
        value = speed / (speed + self.maximum_kmh)
        reasons = [
            Reason("speed_kmh", round(speed), f"<= {self.maximum_kmh:g}", value * 0.7),
            Reason("distance_km", round(km), last.city or last.country or None, value * 0.3),
        ]
        facts = sight.facts(seen) | {"previous_city": last.city, "previous_country": last.country, "minutes": str(round(hours * 60))}
        subject = f"{last.country}>{place.country}" if not same_country else f"{last.city}>{place.city}"
        return Score(value=value, reasons=reasons, subject=subject[:128], facts={k: v for k, v in facts.items() if v})

    def learn_one(self, seen: Sighting, habits: Habits) -> None:
        place, login, at = seen.place, habits.login, int(seen.event.at)
        if seen.event.outcome != "success" or place.shared_exit:
            return
        if name := seen.network:
            remember(login.networks, name, at, MAX_NETWORKS)
        newer = login.last is None or at >= login.last.at
        if newer and place.latitude is not None and place.longitude is not None:
            login.last = LastPlace(at, round(place.latitude, 2), round(place.longitude, 2), place.country, place.city[:60], place.mobile)


def great_circle(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    """Kilometres between two points in degrees (haversine; Sinnott 1984)."""
    a, b = math.radians(lat1), math.radians(lat2)
    h = math.sin((b - a) / 2) ** 2 + math.cos(a) * math.cos(b) * math.sin(math.radians(lon2 - lon1) / 2) ** 2
    return 2 * EARTH_KM * math.asin(math.sqrt(min(1.0, h)))
