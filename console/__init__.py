"""The web: staff console, the owner's answer pages, the inbox API."""
