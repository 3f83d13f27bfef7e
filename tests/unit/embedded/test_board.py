"""What the live view counts."""

import io

from rich.console import Console

from embedded.exchange.world import Label
from embedded.live import Board

TRUTH = {e: Label(e, "u1", "takeover", "a1", "2026-11-22T10:00:00Z") for e in ("e1", "e2")}


class Clock:
    """A wall clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def a_board() -> tuple[Board, Clock]:
    """A hundred users, one attack of two events, one honest surprise."""
    clock = Clock()
    return Board(users=100, truth=TRUTH, surprises={"e9": "travel"}, language={"u1": "ja"}.get, clock=clock), clock


def notice(notice_id: str, group: str, severity: str = "warning") -> dict[str, str]:
    """The fields of a notice that the board looks at."""
    return {"notice_id": notice_id, "group": group, "severity": severity, "user_id": "u1", "occurred_at": "2026-11-22T10:00:00Z"}


def test_told_after_is_from_the_first_event_to_the_first_message() -> None:
    """Later messages of the same attack don't change it."""
    board, clock = a_board()
    board.event({}, TRUTH["e1"])
    clock.now += 3
    board.event({}, TRUTH["e2"])
    board.notice(notice("n1", "e2"))
    clock.now += 0.5
    board.mail("n1", "ja")
    clock.now += 9
    board.text("n1")

    assert [a.told_after for a in board.told] == [3.5]


def test_a_mail_that_is_quicker_than_its_notice_record_counts_from_its_own_time() -> None:
    """The two come over different roads."""
    board, clock = a_board()
    board.event({}, TRUTH["e1"])
    clock.now += 1
    board.mail("n1", "en")
    clock.now += 5
    board.notice(notice("n1", "e1"))

    assert [a.told_after for a in board.told] == [1.0]


def test_only_what_is_neither_attack_nor_honest_surprise_is_a_false_alarm() -> None:
    """Per 1,000 users a day; the same notice twice counts once, and what is for information only isn't an alarm."""
    board, _ = a_board()
    for one in (notice("n1", "e1"), notice("n2", "e9"), notice("n3", "e5"), notice("n3", "e5"), notice("n4", "e6", "info")):
        board.notice(one)
    board.live_for(86_400 / 2)

    assert (board.false_alarms, board.surprises_told) == (1, 1)
    assert board.alarms_per_1000 == 20


def test_messages_are_counted_by_channel_and_language() -> None:
    """Mails say their language; texts and inbox items take that of their notice or user."""
    board, _ = a_board()
    board.mail("n1", "zh-TW")
    board.text("n1")
    board.receipt({"notice_id": "n2", "user_id": "u1", "channel": "inapp", "status": "delivered"})
    board.receipt({"notice_id": "n2", "user_id": "u1", "channel": "email", "status": "sent"})

    board.text("of somebody unknown")

    assert "in 2 languages" in board.lines()  # what isn't known is none
    board.messages.pop(("sms", "?"))
    assert dict(board.messages) == {("email", "zh-TW"): 1, ("sms", "zh-TW"): 1, ("inapp", "ja"): 1}


def test_both_views_can_be_drawn_at_any_time() -> None:
    """Empty, and with something in them."""
    board, _ = a_board()
    screen = Console(record=True, width=120, file=io.StringIO())
    screen.print(board.picture())
    assert "0 events/s" in board.lines()
    board.event({}, TRUTH["e1"])
    board.notice(notice("n1", "e1"))
    board.mail("n1", "ja")
    screen.print(board.picture())

    assert "takeover" in screen.export_text()
    assert "1 attack, 1 told" in board.lines()
    assert "in 1 language" in board.lines()
