"""Networks whose addresses say nothing about where a person is: hosting, VPN, proxy, content delivery. A hint, never a proof.

No list of these is complete: published ranges (iporigin) know the large clouds and Tor, this one knows the companies that consumer VPNs
rent from, by the name under which their autonomous system is registered. Names were read from DB-IP ASN Lite; consumer carriers whose
names merely resemble one (Google Fiber, Amazonia Telecom) are why they are matched from the start and as whole words.
"""

from __future__ import annotations

import re
from functools import lru_cache

COMPANIES = """
    31173 services, abelohost, aeza, akamai, alibaba, amazon data, amazon technologies, amazon.com, b2 net solutions, bl networks,
    cdnext, cloudflare, clouvider, cogent communications, contabo, datacamp, digitalocean, equinix, fastly, fdcservers, frantech,
    g-core, google asia, google cloud, google ireland, google llc, gthost, hangzhou alibaba, hetzner, hivelocity, hostinger,
    hostroyale, hostwinds, huawei cloud, hydra communications, hydra host, interserver, iomart, ionos, latitude.sh, leaseweb,
    m247, microsoft corporation, microsoft limited, mullvad, namecheap, netcup, online s.a.s, oracle corporation, ovh, owl
    limited, packethub, performive, privado, private internet access, proton ag, proton66, psychz, quadranet, rackspace, scaleway,
    secured servers, selectel, serverius, shenzhen tencent, shock hosting, softlayer, tencent, the constant company, tzulo,
    ucloud, upcloud, vdsina, vultr, windscribe, worldstream, xtom, zenlayer
"""
_COMPANY = re.compile("(?:" + "|".join(re.escape(" ".join(name.split())) for name in COMPANIES.split(",")) + r")(?!\w)", re.IGNORECASE)
_TRADE = re.compile(
    r"\b(?:(?:web)?hosting|vps|vpn|vds|servers?|data ?cent(?:er|re)s?|colo(?:cation|crossing)?|"
    r"cloud (?:computing|services?|servers?)|cloud$|proxy|proxies|tor exit)\b",
    re.IGNORECASE,
)
"""Words by which smaller houses name their trade."""
_VPNS = re.compile(
    r"(?:31173 services|cdnext|datacamp|m247|mullvad|packethub|privado|private internet access|proton ag|tzulo|windscribe|.*\bvpn\b)(?!\w)",
    re.IGNORECASE,
)
"""Of these, those that consumer VPNs are known to come out of."""
_PROXY = re.compile(r"\bprox(?:y|ies)\b", re.IGNORECASE)
_CARRIER = re.compile(
    r"\b(?:mobil\w*|wireless|cellular|cellco|celular|movil|moviles|docomo|gsm|lte|[345]g|sk telecom|turkcell|megafon|"
    r"mobifone|radiomovil|hutchison 3g|t-mobile|softbank mobile|mts pjsc|vodafone data)\b",
    re.IGNORECASE,
)
"""Words by which carriers for phones are registered; those that sell lines to homes as well are not told apart by any free data."""
PRIVATE_RELAYS = frozenset({36183, 714, 6185})
"""Autonomous systems through which Apple's relay lets people out."""


@lru_cache(maxsize=16_384)
def exit_kind(asn: int, organization: str) -> str:
    """`vpn`, `proxy` or `hosting` for a network that is_exit; '' for relays behind which ordinary phones are, and for all others."""
    if asn in PRIVATE_RELAYS or not is_exit(asn, organization):
        return ""
    return "vpn" if _VPNS.match(organization) else "proxy" if _PROXY.search(organization) else "hosting"


@lru_cache(maxsize=16_384)
def is_carrier(organization: str) -> bool:
    """Whether a network's registered name is that of a carrier for phones."""
    return bool(_CARRIER.search(organization))


@lru_cache(maxsize=16_384)
def is_exit(asn: int, organization: str) -> bool:
    """Whether a network's number or registered name is one that machines, not homes, connect from."""
    return asn in PRIVATE_RELAYS or bool(_COMPANY.match(organization)) or bool(_TRADE.search(organization))
