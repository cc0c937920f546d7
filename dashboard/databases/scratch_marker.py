"""How a scratch database says whose it is. What does not say so is never dropped, whatever its name."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import datetime

PREFIX = "dashboard_scratch_"
_OWNER = re.compile(r"[a-z_]{1,20}:[0-9]{1,18}")
_TEXT = re.compile(
    r"alembic-dashboard scratch database; installation=([0-9a-f]{16}); owner=([a-z_]{1,20}:[0-9]{1,18}); made=(\S{1,40})"
)


class ScratchUnavailable(Exception):
    """Nothing can be restored there now. Not the backup's fault; the message says what to mend."""


@dataclass(frozen=True, slots=True)
class Marker:
    """Written into a scratch database before anything else is."""

    installation: str
    """16 hexadecimal digits, the same for all processes of one dashboard and for no other dashboard."""
    owner: str
    """What it was made for, `proof:12` say."""
    made_at: str
    """RFC 3339."""

    def __str__(self) -> str:
        return (
            f"alembic-dashboard scratch database; installation={self.installation}; owner={self.owner}; "
            f"made={self.made_at}"
        )


def make_marker(installation: str, owner: str, now: datetime) -> Marker:
    """Raises ValueError where the parts could not be read again."""
    marker = Marker(installation, owner, now.isoformat(timespec="seconds"))
    if _OWNER.fullmatch(owner) is None or read_marker(str(marker)) != marker:
        raise ValueError(f"no marker can be made of {installation!r} and {owner!r}")
    return marker


def read_marker(text: str) -> Marker | None:
    """None: this is no marker."""
    match = _TEXT.fullmatch(text)
    return Marker(*match.groups()) if match else None


def make_name(marker: Marker) -> str:
    """A new name that tells the owner, at most 63 characters."""
    return f"{PREFIX}{marker.installation[:8]}_{marker.owner.replace(':', '_')[:20]}_{secrets.token_hex(4)}"
