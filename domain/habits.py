"""What is normal for one account: small explicit statistics, a section a subject. Filled by the detectors' `learn_one`."""

from __future__ import annotations

import msgspec


class Habits(msgspec.Struct, array_like=True):
    """Sections are appended by subject."""

    events: int = 0
    """Events learned."""
    first_at: float = 0.0
    last_at: float = 0.0
