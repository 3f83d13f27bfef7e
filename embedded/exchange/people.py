"""Who uses the simulated exchange: languages, places, devices, money, habits. All of it follows from a seed."""

import math
from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal

from embedded.exchange import wire
from embedded.exchange.networks import Network, nearest, of

PLACES: dict[str, list[tuple[str, str, str, int]]] = {
    # locale -> region, time zone, start of a mobile number, digits that follow
    "en": [("GB", "Europe/London", "+44790", 7), ("US", "America/New_York", "+1646", 7)],
    "zh-CN": [("CN", "Asia/Shanghai", "+86138", 8)],
    "zh-TW": [("TW", "Asia/Taipei", "+88693", 7)],
    "ja": [("JP", "Asia/Tokyo", "+8180", 8)],
    "ko": [("KR", "Asia/Seoul", "+8210", 8)],
    "vi": [("VN", "Asia/Ho_Chi_Minh", "+8490", 7)],
    "ru": [("RU", "Europe/Moscow", "+7915", 7)],
    "tr": [("TR", "Europe/Istanbul", "+90533", 7)],
    "es": [("ES", "Europe/Madrid", "+34622", 6), ("MX", "America/Mexico_City", "+5255", 8)],
    "pt-BR": [("BR", "America/Sao_Paulo", "+55119", 8)],
    "fr": [("FR", "Europe/Paris", "+33622", 6)],
    "de": [("DE", "Europe/Berlin", "+49152", 8)],
    "ar": [("AE", "Asia/Dubai", "+97152", 7), ("SA", "Asia/Riyadh", "+96655", 7), ("EG", "Africa/Cairo", "+20101", 7)],
}
NAMES = {
    "en": "oliver amelia george isla noah ava", "zh-CN": "wei fang jun min lei na", "zh-TW": "chia-hao yi-chun shu-fen guan-yu",
    "ja": "haruto yui sota hina ren aoi", "ko": "minjun seoyeon jiho hayun", "vi": "anh linh minh thao", "ru": "dmitri anna ivan olga",
    "tr": "emre elif mert zeynep", "es": "lucia mateo sofia diego", "pt-BR": "joao maria pedro ana", "fr": "camille hugo lea jules",
    "de": "lukas hanna jonas mia", "ar": "omar layla yusuf fatima",
}  # fmt: skip
CODES = ["blue-heron", "青竹-21", "Abendrot 7", "снег44", "cafe_noir", "すみれ9", "lynx-3", "salt&pepper", "Night Train", "가을-12"]
Machine = Literal["windows", "edge", "mac", "macbook", "linux", "iphone", "pixel", "galaxy"]
COMPUTERS: tuple[Machine, ...] = ("windows", "windows", "edge", "mac", "macbook", "linux")
PHONES: tuple[Machine, ...] = ("iphone", "iphone", "pixel", "galaxy")
CHANNELS: dict[Machine, str] = {"iphone": "ios", "pixel": "android", "galaxy": "android"}
WEBKIT = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
BLINK = "AppleWebKit/537.36 (KHTML, like Gecko)"


def user_agent(machine: Machine, version: int) -> str:
    """What a browser or app of this machine says; `version` is Chrome's or Firefox's major version, others follow it."""
    apple = version - 117
    return {
        "windows": f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {BLINK} Chrome/{version}.0.0.0 Safari/537.36",
        "edge": f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {BLINK} Chrome/{version}.0.0.0 Safari/537.36 Edg/{version}.0.0.0",
        "mac": f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {WEBKIT} Version/{apple}.2 Safari/605.1.15",
        "macbook": f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {BLINK} Chrome/{version}.0.0.0 Safari/537.36",
        "linux": f"Mozilla/5.0 (X11; Linux x86_64; rv:{version}.0) Gecko/20100101 Firefox/{version}.0",
        "iphone": f"Mozilla/5.0 (iPhone; CPU iPhone OS {apple}_2 like Mac OS X) {WEBKIT} Version/{apple}.2 Mobile/15E148 Safari/604.1",
        "pixel": f"Mozilla/5.0 (Linux; Android 16; Pixel 10) {BLINK} Chrome/{version}.0.0.0 Mobile Safari/537.36",
        "galaxy": f"Mozilla/5.0 (Linux; Android 15; SM-S938B) {BLINK} Chrome/{version}.0.0.0 Mobile Safari/537.36",
    }[machine]


@dataclass
class Device:
    """A phone or computer that someone uses."""

    id: str
    machine: Machine
    version: int = 142

    def client(self, ip: str, session: str) -> dict[str, Any]:
        """From where an action came, as events say it."""
        return {
            "session_id": session,
            "ip": ip,
            "device_id": self.id,
            "user_agent": user_agent(self.machine, self.version),
            "channel": CHANNELS.get(self.machine, "web"),
        }


@dataclass
class Payee:
    """Someone's own wallet, or whom they pay."""

    chain: str
    address: str


@dataclass
class Person:
    """One account. Amounts in USD, hours in local time."""

    user_id: str
    rng: Random = field(repr=False)
    locale: str
    region: str
    zone: str
    email: str
    phone: str
    code: str
    tier: str
    created_at: float
    computer: Device
    mobile: Device
    home: Network
    carrier: Network
    home_ip: str
    vpn: Network | None
    payees: list[Payee]
    hour: float
    """Around when they come."""
    logins: float
    """A day, on average."""
    size: float
    """Of a usual withdrawal (median)."""
    trade: float
    """Of a usual fill (median)."""
    balance: float
    payday: int
    margin: bool
    """Holds leveraged positions."""
    mark: str
    """When the history began: goes into ids, so that another history of the same seed has others."""
    paid: set[str] = field(default_factory=set)
    """Addresses that money went to."""
    used: set[str] = field(default_factory=set)
    """Devices, and networks, that they logged in from."""
    away: Network | None = None
    away_days: int = 0
    odd: Random = field(default_factory=lambda: Random(0), repr=False)
    """Chance of what is rare, apart from that of the days."""
    serial: int = 0

    def next_id(self, kind: str) -> str:
        """An id that this person never had, the same in each run of the same seed."""
        self.serial += 1
        return f"{self.user_id}-{self.mark}-{kind}{self.serial}"

    def record(self) -> dict[str, Any]:
        """Their entry in the user directory."""
        return {
            "user_id": self.user_id,
            "locale": self.locale,
            "region": self.region,
            "time_zone": self.zone,
            "tier": self.tier,
            "experience": "active" if self.logins > 1 else "newcomer",
            "created_at": wire.stamp(self.created_at),
            "email": self.email,
            "phone": self.phone,
            "anti_phishing_code": self.code,
        }


def person(seed: int, number: int, since: float) -> Person:
    """The person of this number in the exchange of this seed; `since`: when its history begins (seconds since the epoch)."""
    rng = Random(f"vigil/{seed}/{number}")
    locale = list(PLACES)[number % len(PLACES)]
    region, zone, lead, digits = rng.choice(PLACES[locale])
    user_id = f"x{seed}-{number:04d}"
    home = rng.choice(of("home", region))
    chains = rng.choices(list(wire.NETWORKS), weights=(6, 2, 2), k=rng.randint(2, 4))
    size = math.exp(rng.gauss(5.8, 0.7))
    return Person(
        user_id=user_id,
        rng=rng,
        locale=locale,
        region=region,
        zone=zone,
        email=f"{rng.choice(NAMES[locale].split())}.{seed}.{number}@mail.example",
        phone=lead + "".join(rng.choices("0123456789", k=digits)),
        code=rng.choice(CODES),
        tier=rng.choices(("regular", "vip", "institutional"), weights=(90, 9, 1))[0],
        created_at=since - 86_400 * rng.uniform(30, 900),
        computer=Device(f"{user_id}-computer", rng.choice(COMPUTERS), rng.randint(138, 142)),
        mobile=Device(f"{user_id}-phone", rng.choice(PHONES), rng.randint(138, 142)),
        home=home,
        carrier=nearest("mobile", home),
        home_ip=home.address(rng),
        vpn=rng.choice(of("vpn")) if rng.random() < 0.1 else None,
        payees=[Payee(chain, wire.address(rng, chain)) for chain in chains],
        hour=rng.gauss(19.5, 3) % 24,
        logins=rng.uniform(0.8, 2.4),
        size=size,
        trade=math.exp(rng.gauss(5.0, 0.8)),
        balance=size * rng.uniform(20, 70),
        payday=rng.randrange(1, 28),
        margin=rng.random() < 0.2,
        mark=f"{int(since // 3600):x}",
        odd=Random(f"vigil/{seed}/{number}/odd"),
    )
