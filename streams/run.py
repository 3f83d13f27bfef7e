"""`worker`: checks what it needs, then runs a role, or supervises one process of each."""

from __future__ import annotations

import asyncio
import logging
import sys

from config.logging import configure
from config.settings import Settings
from domain.ports import Unavailable
from streams.locks import Taken, lock_database
from streams.supervise import NOT_AS_IT_HAS_TO_BE, ROLES
from streams.topics import Wrong, require

log = logging.getLogger(__name__)


def run_worker(settings: Settings, role: str = "all") -> int:
    """Runs until it is told to stop (SIGTERM, SIGINT: what is begun is finished). Exit status."""
    configure(settings.log_level, role=role)
    supervised = settings.metrics.socket is not None
    try:
        if not settings.secret_key.get_secret_value():
            raise Wrong("VIGIL_SECRET_KEY: expected at least 32 characters, the same for all workers and consoles: openssl rand -hex 32")
        if not supervised:
            lock_database(settings, ROLES if role == "all" else (role,))
        asyncio.run(require(settings))
    except (Unavailable, Wrong, Taken) as error:
        print(f"error: {error}", file=sys.stderr, flush=True)
        return 1
    except OSError as error:  # of the lock beside a SQLite file
        print(f"error: VIGIL_DATABASE__URL: {error.filename}: {error.strerror}", file=sys.stderr, flush=True)
        return 1
    if role == "all":
        from streams.supervise import supervise

        return supervise(settings)
    try:  # each role loads what it needs and no more: the supervisor is to be up in a moment
        if role == "detect":
            from streams.detect import run_detect

            return run_detect(settings)
        if role == "train":
            from streams.train import run_train

            return run_train(settings)
        from streams.notify import run_notify

        return run_notify(settings)
    except (ValueError, RuntimeError, OSError, Unavailable) as error:  # settings, detectors.yaml, providers, database, geo data
        print(f"error: {error}", file=sys.stderr, flush=True)
        return NOT_AS_IT_HAS_TO_BE if supervised else 1
