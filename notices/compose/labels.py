"""The labels of the inbox component, in every language. `{name}` in a label is filled in by the component."""

from __future__ import annotations

from domain.locale import direction
from notices.compose.catalogue import available, words


def labels(locale: str) -> dict[str, str]:
    """Name -> label; `dir` is the language's direction."""
    _ = words(locale)
    return {
        "dir": direction(locale),
        "title": _("Notices"),
        "unread": _("Unread"),
        "read": _("Mark as read"),
        "readAll": _("Mark all as read"),
        "archive": _("Archive"),
        "archived": _("Archived"),
        "all": _("All"),
        "show": _("Show"),
        "info": _("For your information"),
        "notice": _("Please check"),
        "warning": _("Please answer"),
        "critical": _("Please act now"),
        "me": _("It was me"),
        "not_me": _("It was not me"),
        "sure": _("We lock the account and sign out every device at once."),
        "cancel": _("Cancel"),
        "answered": _("You answered: {answer}", answer="{answer}"),
        "case": _("Your case number is {number}. Have it at hand when you talk to us.", number="{number}"),
        "helpful": _("Was this message helpful?"),
        "yes": _("Yes"),
        "no": _("No"),
        "more": _("Show more"),
        "empty": _("Nothing here. What happens on your account is told here."),
        "fresh": _("New notice: {subject}", subject="{subject}"),
        "failed": _("This did not work. Please try again."),
        "away": _("No connection. Trying again."),
        "code": _("Check code"),
        "check": _("Is this message from us?"),
    }


def all_labels() -> dict[str, dict[str, str]]:
    """Language -> its labels."""
    return {locale: labels(locale) for locale in sorted(available())}
