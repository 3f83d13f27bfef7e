"""Words go live in two steps, by two people, and what was approved once can be taken back."""

from datetime import UTC, datetime

import pytest

from domain.wording import Act, Edition, NotAllowed, WordingDecision, check, live_of, state_of

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def said(*steps: tuple[Act, str, str]) -> list[WordingDecision]:
    """Decisions on editions of one kind and language: (act, edition, by)."""
    return [
        WordingDecision(number=n, kind="k", locale="en", edition=edition, act=act, by=by, at=NOW)
        for n, (act, edition, by) in enumerate(steps, 1)
    ]


def test_a_changed_letter_makes_another_edition() -> None:
    """Of the template, of a translation, of what every notice says; the order of files makes none."""
    one = Edition(kind="k", locale="de", files={"a": "x", "b": "y"}, texts={"Yes": "Ja"}, shared={"When": "Wann"})
    others = [
        Edition(kind="k", locale="de", files={"a": "x", "b": "z"}, texts={"Yes": "Ja"}, shared={"When": "Wann"}),
        Edition(kind="k", locale="de", files={"a": "x", "b": "y"}, texts={"Yes": "Jo"}, shared={"When": "Wann"}),
        Edition(kind="k", locale="de", files={"a": "x", "b": "y"}, texts={"Yes": "Ja"}, shared={"When": "wann"}),
        Edition(kind="k", locale="ar", files={"a": "x", "b": "y"}, texts={"Yes": "Ja"}, shared={"When": "Wann"}),
    ]
    same = Edition(kind="k", locale="de", files={"b": "y", "a": "x"}, texts={"Yes": "Ja"}, shared={"When": "Wann"})

    assert len({one.name, *(other.name for other in others)}) == 5
    assert one.name == same.name


def test_what_is_live_follows_from_the_last_that_went_live() -> None:
    """A draft, a submitted and a rejected one change nothing; an earlier one that is taken back does."""
    steps = said(
        ("released", "a", "release"), ("submitted", "b", "ana"), ("approved", "b", "carl"), ("submitted", "c", "ana"), ("rejected", "c", "carl")
    )  # fmt: skip
    back = live_of([*steps, *said(("reverted", "a", "carl"))])

    assert live_of(steps).live == {("k", "en"): "b"}
    assert [state_of(name, steps) for name in "abcd"] == ["approved", "approved", "draft", "draft"]
    assert back.live == {("k", "en"): "a"}
    assert back.approved == {"a", "b"}


@pytest.mark.parametrize(
    ("act", "edition", "by"),
    [("submitted", "c", "ana"), ("approved", "b", "carl"), ("approved", "b", "dora"), ("rejected", "b", "ana"), ("reverted", "a", "carl")],
)
def test_what_may_be_decided(act: Act, edition: str, by: str) -> None:
    """A draft is submitted, what is submitted is approved by another or rejected, also by who submitted it."""
    check(act, edition, by, said(("released", "a", "release"), ("released", "z", "release"), ("submitted", "b", "ana")))


@pytest.mark.parametrize(
    ("act", "edition", "by", "why"),
    [
        ("approved", "b", "ana", "second person"),
        ("approved", "c", "carl", "submit it first"),
        ("rejected", "c", "carl", "submit it first"),
        ("approved", "a", "carl", "approved already"),
        ("submitted", "b", "carl", "submitted already"),
        ("submitted", "a", "ana", "approved already"),
        ("reverted", "b", "carl", "never approved"),
        ("reverted", "a", "carl", "live already"),
    ],
)
def test_what_may_not_be_decided(act: Act, edition: str, by: str, why: str) -> None:
    """Nobody approves alone, nothing goes live unseen; each refusal says why."""
    with pytest.raises(NotAllowed, match=why):
        check(act, edition, by, said(("released", "a", "release"), ("submitted", "b", "ana")))


def test_who_submits_again_after_a_rejection_is_the_one_that_counts() -> None:
    """Else the first author could approve what the second one wrote, or be kept from approving it."""
    steps = said(("submitted", "b", "ana"), ("rejected", "b", "carl"), ("submitted", "b", "carl"))

    check("approved", "b", "ana", steps)
    with pytest.raises(NotAllowed):
        check("approved", "b", "carl", steps)
