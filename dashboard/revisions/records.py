"""What one revision file says, and what is wrong with a script directory: plain data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class RevisionRecord:
    """One revision as its file tells it. Tuples keep the order of the file."""

    revision: str
    down_revision: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    branch_labels: tuple[str, ...] = ()
    message: str = ""
    """The docstring's first part, else a later string, the file's slug, or the id."""
    create_date: str = ""
    """Raw text of "Create Date:", empty where absent."""
    created_at: datetime | None = None
    """`create_date` where it could be parsed; aware, UTC where the text names no zone."""
    path: str = ""
    """Of the file, relative to the project's directory where it lies inside, with forward slashes."""
    sha256: str = ""
    """Of the file's bytes."""
    set_by_code: tuple[str, ...] = ()
    """Those of `branch_labels` and `depends_on` whose value is computed; empty here, never guessed."""
    lines: tuple[tuple[str, int], ...] = ()
    """Of the four variables: name and the line of its last assignment, as far as the file has it."""

    def line_of(self, variable: str) -> int | None:
        """The line on which the file sets `variable`; None where it does not."""
        return next((line for name, line in self.lines if name == variable), None)


@dataclass(frozen=True, slots=True)
class UnreadableFile:
    """A file of the script directory from which no revision could be read."""

    path: str
    line: int | None
    reason: str


class ProblemKind(StrEnum):
    """What can be wrong with a history."""

    UNREADABLE = "unreadable"
    DUPLICATE_REVISION = "duplicate_revision"
    MISSING_PARENT = "missing_parent"
    MISSING_DEPENDENCY = "missing_dependency"
    CYCLE = "cycle"
    DUPLICATE_LABEL = "duplicate_label"
    SET_BY_CODE = "set_by_code"
    SYMLINK = "symlink"
    CONFIGURATION = "configuration"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend in a script directory. `hint` says how."""

    kind: ProblemKind
    revision: str
    path: str
    line: int | None
    detail: str
    hint: str

    @property
    def where(self) -> str:
        """`path, line 3: `, to stand before the detail; empty where no file is at fault."""
        if not self.path:
            return ""
        return f"{self.path}, line {self.line}: " if self.line else f"{self.path}: "
