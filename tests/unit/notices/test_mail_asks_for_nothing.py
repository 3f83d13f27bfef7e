"""A mail that is opened must not tell anyone that it was."""

import re

from notices.compose import Composer
from tests.support.console import NOW, TOKENS, USERS, finding, notice


def test_a_mail_loads_nothing_and_links_to_the_answer_page_alone():
    """No web font, no picture, no address but the one link."""
    about = notice("n", finding("f", "login_new_device", "notice", "e", "u7", 0, {"device": "Chrome on Windows"}), ["email"])
    (mail,) = Composer("Example Exchange", "https://exchange.example").compose(about, USERS[1], {"current": TOKENS["u7"]}, NOW)
    from email import message_from_bytes, policy

    html = message_from_bytes(mail.payload, policy=policy.default).get_body(("html",)).get_content()  # type: ignore[attr-defined,union-attr]
    addresses = set(re.findall(r"https?://[^\s\"'<>)]+", html)) - {"http://www.w3.org/1999/xhtml"}

    assert addresses == {f"https://exchange.example/n/{TOKENS['u7']}"}
    assert "@import" not in html
