"""What a revision file says to people: its message and its date."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_CREATE_DATE = re.compile(r"^[ \t]*Create Date:[ \t]*(.*)$", re.MULTILINE | re.IGNORECASE)
_ONLY_HEADINGS = re.compile(r"(?:Revision ID|Revises|Create Date)\s*:", re.IGNORECASE)
_FORMATS = (
    "%a %b %d %H:%M:%S %Y",
    "%a %b %d %H:%M:%S %Z %Y",
    "%a %d %b %Y %H:%M:%S %Z",
    "%Y-%m-%d %H:%M:%S %Z",
    "%Y-%m-%d %H:%M:%S.%f %Z",
    "%Y-%m-%d %H:%M:%S %z",
    "%Y-%m-%d %H:%M:%S.%f %z",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%d %I:%M:%S %p",
    "%Y-%m-%d_%H:%M:%S",
    "%Y-%m-%d_%H-%M-%S",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d",
    "%d/%m/%Y %H:%M:%S",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y",
    "%d %B %Y",
    "%d %b %Y",
    "%B %d, %Y",
    "%b %d, %Y",
)


def first_part(text: str) -> str:
    """As Alembic's `Script.doc`: stripped, up to the first blank line."""
    return text.strip().split("\n\n", 1)[0]


def choose_message(docstring: str, later: str, file_stem: str, revision: str) -> str:
    """The docstring's first part; where it has none, the later string's, the file's slug, or the id."""
    for text in (docstring, later):
        part = first_part(text)
        if part and not _ONLY_HEADINGS.match(part):
            return part
    return slug_of(file_stem, revision) or revision


def slug_of(file_stem: str, revision: str) -> str:
    """`1975ea83b712_add_an_account` says `add an account`, wherever the id stands."""
    rest = file_stem.replace(revision, " ", 1) if revision else file_stem
    return " ".join(re.split(r"[\s_]+", rest.strip(" _-"))).strip(" -")


def find_create_date(text: str) -> str:
    """The raw text after `Create Date:`, empty where there is none."""
    match = _CREATE_DATE.search(text)
    return match[1].strip() if match else ""


def parse_create_date(text: str) -> datetime | None:
    """Aware, in UTC where the text names no zone; None where it is no date. Never raises."""
    if not text:
        return None
    with suppress(ValueError):
        return _aware(datetime.fromisoformat(text))
    for form in _FORMATS:
        with suppress(ValueError):
            return _aware(datetime.strptime(text, form))
    with suppress(ValueError, TypeError, IndexError, OverflowError):
        return _aware(parsedate_to_datetime(text))
    return None


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
