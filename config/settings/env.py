"""Reads settings from the environment: typed, with a sentence when a value cannot be used."""

import os
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured


def text(name: str, default: str = "") -> str:
    """The variable's value, or `default` when it is unset or empty."""
    return os.environ.get(name) or default


def flag(name: str, *, default: bool = False) -> bool:
    """A yes/no variable: 1, true, yes, on / 0, false, no, off."""
    value = text(name).lower()
    if not value:
        return default
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise ImproperlyConfigured(f"{name} is {value!r}: set it to 1 or 0.")


def number(name: str, default: int, *, least: int | None = None) -> int:
    """A whole number, no less than `least`."""
    value = text(name)
    if not value:
        return default
    wanted = "a whole number" if least is None else f"a whole number of at least {least}"
    try:
        found = int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} is {value!r}: set it to {wanted}.") from None
    if least is not None and found < least:
        raise ImproperlyConfigured(f"{name} is {value!r}: set it to {wanted}.")
    return found


def words(name: str, default: str = "") -> list[str]:
    """A comma-separated list, blanks dropped."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def path(name: str, default: Path) -> Path:
    """A folder or file, made absolute."""
    return Path(text(name, str(default))).resolve()


def readable_file(name: str) -> Path | None:
    """A file that must be there if it is named."""
    value = text(name)
    if not value:
        return None
    if not Path(value).is_file():
        raise ImproperlyConfigured(f"{name} is {value!r}, and there is no such file: correct the path or unset it.")
    return Path(value).resolve()


def database(url: str) -> dict[str, object]:
    """Django's database settings for a `postgresql://user:password@host:port/name?host=/socket` address."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured(
            "DATABASE_URL must begin with postgresql://: Hotseat keeps its promises in PostgreSQL."
        )
    query = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.pop("host", None) or parts.hostname or "",
        "PORT": str(query.pop("port", None) or parts.port or ""),
        "OPTIONS": query,
    }
