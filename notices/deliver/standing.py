"""What mail servers ask of a sender (SPF, DKIM, DMARC), in words for whoever runs Vigil. Nothing is looked up: DNS is the operator's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from notices.deliver.dkim import Signer
from notices.deliver.mailto import MailProvider
from notices.deliver.provider import Provider

Standing = tuple[str, Literal["ok", "warn"], str]


def standing(providers: Sequence[Provider], signer: Signer | None, public_host: str) -> Iterator[Standing]:
    """(name, state, words) for the senders of mails, at most one of a name and domain."""
    mails = [one for one in providers if isinstance(one, MailProvider)]
    domains: dict[str, list[str]] = {}
    for one in mails:
        domains.setdefault(one.plugin.from_addr[1].rpartition("@")[2].lower(), []).append(one.plugin.server.host)
    for domain, hosts in domains.items():
        relays = ", ".join(dict.fromkeys(hosts))
        yield (
            "spf",
            "ok",
            f"mails are from {domain} in envelope and header: its SPF record has to name the addresses from which {relays} sends on, and"
            " mails that come back go to the address in from=: give them to `python worker.py bounces`",
        )
        if signer is None:
            yield "dkim", "warn", f"no VIGIL_EMAIL__DKIM_KEY: {relays} has to sign for {domain}, List-Unsubscribe and its -Post included"
        else:
            yield "dkim", "ok", f'{signer.algorithm}; publish {signer.selector}._domainkey.{domain} TXT "{signer.record()}"'
    if len(domains) > 1:
        yield "spf", "warn", f"providers send from {len(domains)} domains ({', '.join(domains)}): readers learn to trust one"
    if domains and not any(_related(domain, public_host) for domain in domains):
        words = f"links lead to {public_host}, mails come from {', '.join(domains)}: filters and readers trust one domain more than two"
        yield "links", "warn", words


def _related(domain: str, host: str) -> bool:
    return domain == host or host.endswith("." + domain) or domain.endswith("." + host)
