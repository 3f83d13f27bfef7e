"""A sign-in by a program where people sign in: the user agent names a library, a command or a browser without a screen."""

from __future__ import annotations

import re
from functools import lru_cache

from detectors.base import NORMAL, Detector, Score, Sighting
from detectors.gates import SUCCEEDED
from detectors.login import sight
from domain.events import Login
from domain.habits import Habits
from domain.habits.login import remember
from domain.messages import Reason

MAX_TOOLS = 4
_TOOL = re.compile(
    r"(python-requests|python-urllib|python-httpx|aiohttp|scrapy|curl|wget|go-http-client|apache-httpclient|java(?=/)|libwww-perl|"
    r"node-fetch|undici|axios|got(?= ?\(|/)|postmanruntime|insomnia|httpie|guzzlehttp|faraday|restsharp|headlesschrome|"
    r"phantomjs|selenium|puppeteer|playwright)\b",
    re.IGNORECASE,
)
_WORDS = {"headlesschrome": "Headless Chrome", "java": "Java", "go-http-client": "Go-http-client"}
LONGEST = 512


class ScriptedAgent(Detector):
    """Score 1 for a tool that never signed in to the account. The channel `api` is for programs, and apps name their libraries."""

    events = (Login,)
    judges = teaches = SUCCEEDED

    def score_one(self, seen: Sighting, habits: Habits) -> Score:
        name = tool(seen)
        if not name or seen.event.outcome != "success" or name in habits.login.tools:
            return NORMAL
        usual = ", ".join(sorted(habits.login.tools)) or None
        return Score(value=1.0, reasons=[Reason("tool", name, usual, 1.0)], subject=name, facts=sight.facts(seen) | {"tool": name})

    def learn_one(self, seen: Sighting, habits: Habits) -> None:
        if seen.event.outcome == "success" and (name := tool(seen)):
            remember(habits.login.tools, name, int(seen.event.at), MAX_TOOLS)


def tool(seen: Sighting) -> str:
    """The program that the user agent names, '' for a browser, an app or the API."""
    client = seen.event.where
    return "" if not client.user_agent or client.channel == "api" else _tool(client.user_agent[:LONGEST])


@lru_cache(maxsize=4_096)
def _tool(user_agent: str) -> str:
    found = _TOOL.search(user_agent)
    return _WORDS.get(found[1].lower(), found[1].lower()) if found else ""
