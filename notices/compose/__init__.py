"""From a notice to the messages that its readers get: language, words, layout, bytes."""

from notices.compose.composer import Composer, InboxItem
from notices.compose.recipients import Recipient, missing, recipients, slots
from notices.compose.view import Reader, number

__all__ = ["Composer", "InboxItem", "Reader", "Recipient", "missing", "number", "recipients", "slots"]
