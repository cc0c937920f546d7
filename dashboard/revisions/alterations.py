"""Applied revisions whose file is no longer what it was."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from dashboard.revisions.records import RevisionRecord


class AlterationKind(StrEnum):
    """What happened to the file, worst first."""

    DELETED = "deleted"
    REPARENTED = "reparented"
    EDITED = "edited"


@dataclass(frozen=True, slots=True)
class AppliedVersion:
    """A revision's file as one environment got it."""

    environment: str
    revision: str
    message: str
    path: str
    sha256: str
    down_revision: tuple[str, ...]
    depends_on: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Alteration:
    """One revision whose file is not what `environments` got. `now` is None where it is gone."""

    kind: AlterationKind
    applied: AppliedVersion
    now: RevisionRecord | None
    environments: tuple[str, ...]

    @property
    def what_to_do(self) -> str:
        """In a sentence or two."""
        if self.kind is AlterationKind.DELETED:
            return "Bring the file back: a database that has the revision can be neither upgraded nor downgraded without it."
        if self.kind is AlterationKind.REPARENTED:
            return "Put down_revision and depends_on back: these databases got it at its old place."
        return (
            "Put the file back as it was, and write what the edit is for as a new revision: these databases will "
            "not get the edit."
        )


def find_alterations(
    applied: Iterable[AppliedVersion], records: Mapping[str, RevisionRecord]
) -> tuple[Alteration, ...]:
    """Versions of the same revision that differ are told apart. By kind, then in the order of `applied`."""
    groups: dict[tuple[str, str], list[AppliedVersion]] = {}
    for version in applied:
        now = records.get(version.revision)
        if now is None or now.sha256 != version.sha256:
            groups.setdefault((version.revision, version.sha256), []).append(version)
    found = []
    for (revision, _), versions in groups.items():
        now = records.get(revision)
        environments = tuple(dict.fromkeys(version.environment for version in versions))
        found.append(Alteration(_kind(versions[0], now), versions[0], now, environments))
    return tuple(sorted(found, key=lambda alteration: list(AlterationKind).index(alteration.kind)))


def _kind(applied: AppliedVersion, now: RevisionRecord | None) -> AlterationKind:
    if now is None:
        return AlterationKind.DELETED
    moved = set(applied.down_revision) != set(now.down_revision) or set(applied.depends_on) != set(now.depends_on)
    return AlterationKind.REPARENTED if moved else AlterationKind.EDITED
