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
PRIVATE_RELAYS = frozenset({36183, 714, 6185})
"""Autonomous systems through which Apple's relay lets people out."""


@lru_cache(maxsize=16_384)
def is_exit(asn: int, organization: str) -> bool:
    """Whether a network's number or registered name is one that machines, not homes, connect from."""
    return asn in PRIVATE_RELAYS or bool(_COMPANY.match(organization)) or bool(_TRADE.search(organization))
