"""Provider URLs -> providers. Ours are looked up first; the rest of Apprise (135 modules, 2 s) is loaded only when a URL asks for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

from apprise.exception import AppriseImproperlyConfigured
from apprise.manager_plugins import NotificationManager
from apprise.plugins.base import NotifyBase

from domain.messages import Medium
from notices.deliver.foreign import ForeignProvider, hush
from notices.deliver.inapp import InAppPlugin, InAppProvider, Inbox
from notices.deliver.mailto import MailProvider, ReadyMail
from notices.deliver.provider import Finish, Limits, Provider, ProviderError
from notices.deliver.smsgw import SmsGateway, SmsGatewayProvider

OURS: dict[str, tuple[Medium, type[Any]]] = {
    "mailto": ("email", ReadyMail),
    "mailtos": ("email", ReadyMail),
    "smsgw": ("sms", SmsGateway),
    "smsgws": ("sms", SmsGateway),
}
_HINTS: dict[type[Any], str] = {
    ReadyMail: "expected mailto://HOST:PORT/?from=ADDRESS&mode=insecure|starttls|ssl",
    SmsGateway: "expected smsgw://TOKEN@HOST:PORT/PATH",
}
_MAKE: dict[type[Any], Callable[[Any, str, Limits], Provider]] = {ReadyMail: MailProvider, SmsGateway: SmsGatewayProvider}


def providers(medium: Medium, urls: Sequence[str], finish: Finish | None = None) -> list[Provider]:
    """The providers of a channel in order of preference. Raises ProviderError, which names the URL by its place, never by its text.

    `finish`: what is done to each mail last.
    """
    hush()
    names: Counter[str] = Counter()
    made = [_provider(medium, url, f"VIGIL_{medium.upper()}__URLS[{place}]", names) for place, url in enumerate(urls)]
    for provider in made:
        if isinstance(provider, MailProvider):
            provider.finish = finish
    return made


def inbox_provider(inbox: Inbox) -> Provider:
    """The way into the app."""
    hush()
    return InAppProvider(InAppPlugin(inbox=inbox))


def _provider(medium: Medium, url: str, where: str, names: Counter[str]) -> Provider:
    scheme = url.partition("://")[0].strip().lower()
    limits = _limits(url, where)
    short = scheme.removesuffix("s") if scheme in OURS else scheme
    names[short] += 1
    name = short if names[short] == 1 else f"{short}-{names[short]}"
    if scheme in OURS:
        ours, plugin = OURS[scheme]
        if ours != medium:
            raise ProviderError(f"{where}: {scheme}:// is for {ours}")
        parsed = plugin.parse_url(url)
        _refuse_recipients(parsed, where)
        return _MAKE[plugin](_instance(plugin, parsed, where), name, limits)
    plugin = _foreign(scheme, where)
    parsed = plugin.parse_url(url)
    _instance(
        plugin, {**(parsed or {}), "targets": ["+14155550100" if medium == "sms" else "someone@example.com"]} if parsed else None, where
    )
    return ForeignProvider(plugin, parsed, medium, name, limits)


def _instance(plugin: type[Any], parsed: dict[str, Any] | None, where: str) -> Any:
    if not parsed:
        raise ProviderError(f"{where}: this is not a URL that Apprise understands")
    try:
        return plugin(**parsed)
    except AppriseImproperlyConfigured as error:
        told = "expected the sender's address in from=" if "From" in str(error) else _HINTS.get(plugin, "is not complete")
        raise ProviderError(f"{where}: {told}; see the Apprise documentation of {parsed['schema']}://") from None
    except ProviderError as error:
        raise ProviderError(f"{where}: {error}") from None
    except (TypeError, ValueError):
        raise ProviderError(f"{where}: is not complete; see the Apprise documentation of {parsed['schema']}://") from None


def _refuse_recipients(parsed: dict[str, Any] | None, where: str) -> None:
    if parsed and any(parsed.get(name) for name in ("targets", "cc", "bcc")):
        raise ProviderError(f"{where}: the URL names a recipient; each notice has its own, so leave it out")


def _foreign(scheme: str, where: str) -> type[Any]:
    manager = NotificationManager()
    for plugin in (ReadyMail, SmsGateway, InAppPlugin):
        if plugin.protocol not in manager or manager[plugin.protocol] is not plugin:
            manager.add(plugin=plugin, force=True)
    found = manager[scheme] if scheme in manager else None  # noqa: SIM401  (it has no get)
    if not (isinstance(found, type) and issubclass(found, NotifyBase)):
        raise ProviderError(f"{where}: there is no provider {scheme[:20]}://")
    return found


def _limits(url: str, where: str) -> Limits:
    """`connections` (1-64), `rate` (a second), `hourly` and `daily` of the URL's query."""
    query = parse_qs(urlsplit(url).query)
    try:
        connections = int(query.get("connections", ["8"])[-1])
        rate = float(query["rate"][-1]) if "rate" in query else None
        hourly, daily = (int(query[name][-1]) if name in query else None for name in ("hourly", "daily"))
    except ValueError:
        raise ProviderError(f"{where}: connections, rate, hourly and daily are numbers") from None
    if not 1 <= connections <= 64 or (rate is not None and not 0 < rate <= 100_000):
        raise ProviderError(f"{where}: expected connections from 1 to 64 and a rate above 0")
    if any(most is not None and not 0 < most <= 1_000_000_000 for most in (hourly, daily)):
        raise ProviderError(f"{where}: expected hourly and daily above 0")
    return Limits(connections, rate, hourly, daily)
