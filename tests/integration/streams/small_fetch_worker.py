"""The worker of role detect, fetching so little at a time that a backlog takes many fetches of each topic."""

import sys

from config.settings import load
from streams import transport
from streams.run import run_worker

if __name__ == "__main__":
    transport.FETCH_BYTES = 20_000
    sys.exit(run_worker(load(), "detect"))
