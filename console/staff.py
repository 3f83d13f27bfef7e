"""Staff who may sign in: a YAML file of names, roles and argon2id hashes. Passwords are never stored or logged."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import structlog
import yaml
from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from console.access import ROLES

log = structlog.get_logger("console")

ITERATIONS, LANES, MEMORY_KIB = 2, 1, 19_456  # OWASP's minimum for argon2id
SHORTEST = 12
# A sign-in under an unknown name costs as much as one under a known name: nobody learns who works here by timing.
_NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$6er2CHfFJwOwG7wvKdEJzw$ATaJUjzHIBTdQSOcyUtD0giqz9K0HHRxEtKW48ZAQpA"


class StaffError(ValueError):
    """The staff file or an entry for it is wrong; the text says what was expected."""


def hash_password(password: str) -> str:
    """A PHC string of argon2id. Raises StaffError for a password shorter than 12 characters."""
    if len(password) < SHORTEST:
        raise StaffError(f"the password: at least {SHORTEST} characters")
    salt = secrets.token_bytes(16)
    return Argon2id(salt=salt, length=32, iterations=ITERATIONS, lanes=LANES, memory_cost=MEMORY_KIB).derive_phc_encoded(password.encode())


def matches(password: str, hashed: str | None) -> bool:
    """Whether it is this password; takes as long for no hash at all."""
    try:
        Argon2id.verify_phc_encoded(password.encode(), hashed or _NOBODY)
    except InvalidKey:
        return False
    return hashed is not None


class StaffFile:
    """The file as it is now: read again when it changes, so that a removed colleague is out at once. One with a mistake lets nobody in: who
    was removed by it isn't known."""

    def __init__(self, path: Path | None):
        self.path = path
        self._seen: tuple[int, int] | None = None
        self._staff: dict[str, dict[str, object]] = {}

    def roles(self, name: str) -> frozenset[str]:
        """Empty for someone who isn't in the file."""
        entry = self._load().get(name)
        return frozenset(str(role) for role in _list(entry.get("roles"))) & ROLES.keys() if entry else frozenset()

    def hashed(self, name: str) -> str | None:
        entry = self._load().get(name)
        return str(entry["password"]) if entry and entry.get("password") else None

    def _load(self) -> dict[str, dict[str, object]]:
        if self.path is None:
            return {}
        try:
            stat = self.path.stat()
        except OSError:
            return {}
        if (stat.st_mtime_ns, stat.st_size) != self._seen:
            self._seen = (stat.st_mtime_ns, stat.st_size)
            try:
                self._staff = read(self.path)
            except StaffError as error:
                self._staff = {}
                log.error("the file of the staff can't be read: nobody is let in until it can", wrong=str(error))
        return self._staff


def read(path: Path) -> dict[str, dict[str, object]]:
    """Name -> {password, roles}; nobody in a file without content, as scripts/make-secrets makes it. Raises StaffError where the file
    isn't of that shape."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise StaffError(f"{path}: can't be read: {error.strerror}") from None
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise StaffError(f"{path}: not YAML: {' '.join(str(error).split())}") from None
    if content is None:
        return {}
    staff = content.get("staff") if isinstance(content, dict) else None
    if not isinstance(staff, dict) or not all(isinstance(entry, dict) for entry in staff.values()):
        raise StaffError(f"{path}: expected `staff:` with a name, `password:` and `roles:` each")
    return {str(name): dict(entry) for name, entry in staff.items()}


def add_user(path: Path, name: str, roles: list[str], password: str) -> None:
    """Adds a colleague, or gives one a new password and roles. The file is replaced whole: a new one is readable by its owner
    alone, another keeps who may read it (a container that gets it as a secret runs under a user of its own)."""
    unknown = sorted(set(roles) - ROLES.keys())
    if unknown or not roles:
        raise StaffError(f"roles: {', '.join(unknown) or 'none given'}; expected some of {', '.join(ROLES)}")
    if not name.strip() or not name.isprintable() or len(name) > 64:
        raise StaffError("the name: 1 to 64 printable characters")
    staff = read(path) if path.exists() else {}
    staff[name] = {"roles": sorted(set(roles)), "password": hash_password(password)}
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        if path.exists():
            os.fchmod(handle, path.stat().st_mode & 0o777)
        yaml.safe_dump({"staff": staff}, file, allow_unicode=True)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
