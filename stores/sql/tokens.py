"""Answer tokens at rest."""

import hashlib


def token_hash(token: str) -> bytes:
    """SHA-256: a token has 128 random bits, so that a plain hash can't be guessed back; looked up by equality of hashes."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
