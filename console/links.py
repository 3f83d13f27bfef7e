"""Addresses of pages; ids are escaped whole."""

from urllib.parse import quote


def user_url(user_id: str) -> str:
    return f"/users/{quote(user_id, safe='')}"


def finding_url(finding_id: str) -> str:
    return f"/findings/{quote(finding_id, safe='')}"


def notice_url(notice_id: str) -> str:
    return f"/notices/{quote(notice_id, safe='')}"


def detector_url(detector: str) -> str:
    return f"/detectors/{quote(detector, safe='')}"
