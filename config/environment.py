"""The environment of child processes: ours, with settings of the embedded stack in place of what it says."""

import os
from collections.abc import Mapping


def for_child(settings: Mapping[str, str]) -> dict[str, str]:
    """Our environment with these VIGIL_ variables; a file named for one of them (`..._FILE`) no longer counts."""
    files = {f"{name}_FILE" for name in settings}
    return {name: value for name, value in os.environ.items() if name not in files} | dict(settings)
