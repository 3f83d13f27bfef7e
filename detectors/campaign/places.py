"""Hosts that say little by their name, because everyone uses them."""

SHARED = frozenset(
    {
        "t.me", "telegram.me", "telegram.org", "wa.me", "bit.ly", "tinyurl.com", "t.co", "x.com", "twitter.com", "facebook.com",
        "instagram.com", "youtube.com", "discord.gg", "discord.com", "forms.gle", "docs.google.com", "sites.google.com",
        "drive.google.com", "google.com", "linktr.ee", "medium.com", "github.com",
    }
)  # fmt: skip
"""The first part of the path says more than the name."""

HOSTING = frozenset(
    {
        "github.io", "gitlab.io", "pages.dev", "workers.dev", "web.app", "firebaseapp.com", "vercel.app", "netlify.app",
        "herokuapp.com", "azurewebsites.net", "webflow.io", "weebly.com", "wixsite.com", "blogspot.com", "wordpress.com", "r2.dev",
        "cloudfront.net", "amazonaws.com", "myshopify.com", "godaddysites.com",
    }
)  # fmt: skip
"""Each name below them is someone else's."""

MAIL = frozenset(
    {
        "gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "yahoo.com", "icloud.com", "proton.me", "protonmail.com", "qq.com",
        "163.com", "mail.ru", "gmx.de", "web.de", "naver.com",
    }
)  # fmt: skip
"""Mail of anyone."""

SECOND = frozenset({"co", "com", "net", "org", "gov", "edu", "ac", "or", "ne"})
"""Below a country's ending these are no names yet: `example.co.uk`."""
