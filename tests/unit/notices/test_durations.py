"""Durations in words."""

from __future__ import annotations

import pytest

from notices.compose import Reader


@pytest.mark.parametrize(
    ("minutes", "said"),
    [
        ("0.5", "1 minute"),
        ("94", "94 minutes"),
        ("240", "4 hours"),
        ("3000", "50 hours"),
        ("593280", "14 months"),
        ("", ""),
        ("soon", ""),
        ("1e400", ""),
    ],
)
def test_a_duration_is_rounded_only_where_it_does_not_matter(minutes, said):
    """Ninety-four minutes are not two hours; fourteen months are not four hundred days."""
    assert Reader("en").formats.duration(minutes) == said
