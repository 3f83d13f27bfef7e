"""What the first message of a process works out once for all: the texts of the code, templates, dates and names of the language.

Without it the first notice after each start waits for that, some 400 ms of CPU, and so does all that came with it.
"""

from __future__ import annotations

import structlog

from domain.events import User
from domain.messages import Notice, Reason
from notices.compose.composer import Composer
from notices.samples.make import NOON, USER

KIND = "login_new_device"
log = structlog.get_logger(__name__)


def warm_up(locale: str) -> None:
    """Composes a message in `locale` for nobody, from the words on disk. Never raises: it only saves time."""
    notice = Notice(
        notice_id="warm", user_id=USER, kind=KIND, severity="notice", created_at=NOON, expires_at=None, finding_ids=[],
        channels=["email", "sms", "inapp"], occurred_at=NOON, group="", detectors={},
        facts={"device": "Chrome on Windows", "city": "Taipei", "country": "TW"},
        reasons=[Reason("device", "Chrome on Windows", "Safari on iPhone", 0.6)],
    )  # fmt: skip
    user = User(user_id=USER, email="nobody@vigil.invalid", phone="+12025550100", locale=locale)
    try:
        Composer("Vigil", "https://vigil.invalid", locale).compose(notice, user, {"current": "w" * 22}, NOON)
    except Exception as error:
        log.warning("nothing was composed ahead", error=type(error).__name__)
