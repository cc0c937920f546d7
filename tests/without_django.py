"""A pytest plugin under which importing Django fails, as on a machine that has none."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType


class DjangoBlocked(ImportError):
    """A room that is to work without Django imported it."""


class DjangoBlocker:
    """Stands before the other finders."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Refuses django and its companions; knows nothing of others."""
        if name.split(".")[0].startswith("django"):
            raise DjangoBlocked(f"{name} must not be imported here")
        return None


loaded = sorted(name for name in sys.modules if name.split(".")[0] == "django")
if loaded:
    raise DjangoBlocked(f"already imported: {', '.join(loaded[:5])}")
sys.meta_path.insert(0, DjangoBlocker())
