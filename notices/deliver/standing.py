"""How providers stand, in words for whoever runs Vigil: what mail servers ask of a sender (SPF, DKIM, DMARC), and whether each answers.

Nothing is looked up in DNS: that is the operator's.
"""

from __future__ import annotations

import smtplib
from collections.abc import Iterator, Sequence
from typing import Literal

from domain.unreached import why
from notices.deliver.dkim import Signer
from notices.deliver.mailto import MailProvider
from notices.deliver.provider import Provider
from notices.deliver.smsgw import SmsGatewayProvider
from notices.deliver.smtp import Line

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
        words += " (VIGIL_CONSOLE__PUBLIC_URL, and from= in VIGIL_EMAIL__URLS)"
        yield "links", "warn", words


def answers(provider: Provider, setting: str) -> tuple[Literal["ok", "FAIL"], str]:
    """(state, words) of a provider that is asked now. `setting`: the name of its URL, of which only host and port are shown."""
    if isinstance(provider, MailProvider):
        where = f"{provider.plugin.server.host}:{provider.plugin.server.port}"
        line: Line = provider.plugin.line()
        said = line.trouble()
        line.close()
        return (
            ("FAIL", f"{provider.name}: {mail_trouble(where, said)} ({setting})") if said else ("ok", f"{provider.name} answers at {where}")
        )
    if isinstance(provider, SmsGatewayProvider):
        where = f"{provider.plugin.host}:{provider.plugin.port or (443 if provider.plugin.secure else 80)}"
        failed = provider.trouble()
        if failed is None:
            return "ok", f"{provider.name} answers at {where}"
        return "FAIL", f"{provider.name}: {why(where, failed) or f'{where} does not answer'} ({setting})"
    if provider.probe():
        return "ok", f"{provider.name}: a web service can't be asked without being used, the first message finds out"
    return "FAIL", f"{provider.name} does not answer ({setting})"


def mail_trouble(where: str, error: Exception) -> str:
    """Why a mail server is of no use."""
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return f"{where} refuses the user or the password"
    if isinstance(error, smtplib.SMTPNotSupportedError):
        what = "STARTTLS: say mode=ssl, or mode=insecure" if "STARTTLS" in str(error) else "a log-in: leave out user and password"
        return f"{where} does not offer {what}"
    if isinstance(error, smtplib.SMTPServerDisconnected) and "timed out" not in str(error):
        return f"what listens at {where} hangs up: is it a mail server, and is mode= right?"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{where} does not take mails now, it says {error.smtp_code}"
    return why(where, error) or f"{where} does not answer as a mail server does"


def _related(domain: str, host: str) -> bool:
    return domain == host or host.endswith("." + domain) or domain.endswith("." + host)
