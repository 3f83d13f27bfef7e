"""The last resort: an end without a goodbye."""

from __future__ import annotations

import logging
import os
from typing import NoReturn

log = logging.getLogger(__name__)


def end_process(why: str) -> NoReturn:
    """Ends the process with status 1: the offset stays uncommitted and the batch comes back after the restart."""
    log.critical("ending the process: %s", why)
    logging.shutdown()
    os._exit(1)
