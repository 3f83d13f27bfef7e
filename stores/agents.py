"""A user agent in words: `Chrome on Windows`, `Safari on iPhone`, `Android app`."""

from __future__ import annotations

from ua_parser import parse

from domain.place import NO_AGENT, Agent

LONGEST = 512
"""Characters looked at; honest ones stay below 300."""

_BROWSERS = {
    "Mobile Safari": "Safari",
    "Chrome Mobile": "Chrome",
    "Chrome Mobile iOS": "Chrome",
    "Firefox Mobile": "Firefox",
    "Firefox iOS": "Firefox",
    "Edge Mobile": "Edge",
    "Opera Mobile": "Opera",
    "Opera Touch": "Opera",
    "Chromium": "Chrome",
    "HeadlessChrome": "Chrome (headless)",
    "MiuiBrowser": "Mi Browser",
    "QQ Browser Mobile": "QQ Browser",
    "Yandex Browser": "Yandex",
    "DuckDuckGo Mobile": "DuckDuckGo",
}
_SYSTEMS = {"Mac OS X": "macOS", "Ubuntu": "Linux", "Fedora": "Linux", "Debian": "Linux", "Chrome OS": "ChromeOS", "Chromecast": "Android"}
_APPS = {"Mobile Safari UI/WKWebView", "okhttp", "CFNetwork", "Chrome Mobile WebView", "Android", "Apple Mail", "Alamofire", "Dalvik"}
"""What a native app's own requests look like: no browser is named to the user."""
_SYSTEM_OF = {"okhttp": "Android", "Dalvik": "Android"}


def describe(user_agent: str) -> Agent:
    """What a user agent says; NO_AGENT where it says nothing known."""
    found = parse(user_agent[:LONGEST])
    family = found.user_agent.family if found.user_agent else ""
    system = _system(found.os.family if found.os else "", found.device.family if found.device else "") or _SYSTEM_OF.get(family, "")
    if family in _APPS or (not family and system):
        return Agent(browser="app", version="", system=system, label=f"{system} app" if system else "app")
    if not family and not system:
        return NO_AGENT
    browser = _BROWSERS.get(family, family)
    version = (found.user_agent.major or "") if found.user_agent else ""
    return Agent(browser=browser, version=version, system=system, label=f"{browser} on {system}" if system else browser)


def _system(system: str, device: str) -> str:
    if system == "iOS":
        return device if device in ("iPhone", "iPad", "iPod") else "iPhone"
    return _SYSTEMS.get(system, system)
