"""Gates that several detectors have: which events they judge, count or learn from (detectors.base.Gate)."""

from __future__ import annotations

from detectors.base import Gate
from domain.events import AccountChange, Login, Trade, Transfer

SUCCEEDED: Gate = {Login: {"outcome": ("success",)}}
"""Sign-ins that succeeded."""
IN_SESSION: Gate = {struct: {"in_session": (True,)} for struct in (Login, Transfer, Trade, AccountChange)}
"""What was done in a session."""
KEYED: Gate = {struct: {"keyed": (True,)} for struct in (Login, Transfer, Trade, AccountChange)}
"""What was done with an API key."""
NOT_CANCELLED: Gate = {Trade: {"action": ("order", "fill")}}
"""Orders and fills."""
FILLS: Gate = {Trade: {"action": ("fill",)}}
AGAINST_SOMEONE: Gate = {Trade: {"against_someone": (True,)}}
"""Trades of which the other side is told."""
ASKED: Gate = {Transfer: {"asked": (True,)}}
"""Transfers at the moment to judge them: money is to go out and hasn't yet."""
LEAVES: Gate = {Transfer: {"leaves": (True,)}}
UNDONE: Gate = {Transfer: {"undone": (True,)}}
PAYMENTS: Gate = {Transfer: {"leaves": (True,), "undone": (False,)}}
"""Those that an account may learn its payments from."""
