"""Every branch of a project's repository against one of them: heads, verdict, and what merging it would mean."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from dashboard.revisions.branches import BranchJudgement, Verdict, judge_branch, same_merges
from dashboard.revisions.changes import SideChanges, compose, in_every
from dashboard.revisions.onward import find_colliding
from dashboard.sources.commit_reader import CommitReader, CommitReading, TreeDifference
from dashboard.sources.configuration import Project
from dashboard.sources.git_refs import GitRef, RefKind, default_branch, list_refs
from dashboard.sources.tree_changes import merge_bases
from dashboard.usecases.compare_sides import SideRefused, commit_reader, read_ref_side

BRANCHES_READ = 500
"""The newest ones."""
_KEPT = 16
_MOST_NAMED = 3
_Judged = BranchJudgement | str


@dataclass(frozen=True)
class Branch:
    """One branch. `judgement` is None where it has no script directory, which `error` then says."""

    ref: GitRef
    judgement: BranchJudgement | None
    error: str = ""
    rivals: tuple[tuple[str, str], ...] = ()
    """(its merge revision, another branch that merges the same heads by another one)."""
    colliding: tuple[str, ...] = ()
    """Other branches that are clean alone too, and go on from the same head."""

    @property
    def collision(self) -> str:
        """What `colliding` means, in a sentence without its end; names the newest three."""
        if not self.colliding:
            return ""
        names = list(self.colliding[:_MOST_NAMED])
        rest = len(self.colliding) - len(names)
        names += [f"{rest} more"] if rest else []
        joined = f"{', '.join(names[:-1])} or {names[-1]}" if len(names) > 1 else names[0]
        return f"clean alone; with {joined} merged first, a merge of heads is needed"


@dataclass(frozen=True)
class BranchesReading:
    """`branches` in the order of their latest commit, newest first, without `onto` itself."""

    onto: str
    commit: str
    heads: tuple[str, ...]
    branches: tuple[Branch, ...]
    left_out: int
    """Older branches that were not read."""


def read_branches(*, project: Project, onto: str = "") -> BranchesReading:
    """`onto`: what they would be merged into; empty: the repository's main branch. Raises SideRefused.

    Reads only files that differ, however long the history is. Changes nothing and fetches nothing.
    """
    if not project.git:
        raise SideRefused(f"dashboard.toml says git = false for {project.name}, so its git refs are not read.")
    name = onto or default_branch(project.directory)
    if not name:
        raise SideRefused(f"{project.directory} is in no git repository with a commit.")
    side = read_ref_side(project, name)
    refs = _branches(list_refs(project.directory), name, side.commit)
    read = refs[:BRANCHES_READ]
    known = commit_reader().read(project.source(), side.commit)
    judged = _judge_all(project, known, [ref.commit for ref in read])
    branches = tuple(_told_together(read, judged))
    return BranchesReading(name, side.commit, known.graph.effective_heads, branches, len(refs) - len(read))


def _told_together(refs: Sequence[GitRef], judged: Mapping[str, _Judged]) -> Iterator[Branch]:
    """Each with what it is beside the others. What merges the same heads is told as that, and as no collision."""
    found = {ref.name: one for ref in refs if isinstance(one := judged[ref.commit], BranchJudgement)}
    rivals = same_merges({name: one.added for name, one in found.items()})
    colliding = find_colliding({name: one.onward for name, one in found.items() if one.verdict is Verdict.CLEAN})
    for ref in refs:
        one = judged[ref.commit]
        if isinstance(one, str):
            yield Branch(ref, None, one)
            continue
        own = rivals.get(ref.name, ())
        same = {other for _revision, other in own}
        yield Branch(ref, one, "", own, tuple(n for n in colliding.get(ref.name, ()) if n not in same))


def _branches(refs: Sequence[GitRef], onto: str, commit: str) -> list[GitRef]:
    """Local and remote branches; a remote one that stands where its local one does is left out."""
    local = {(ref.name, ref.commit) for ref in refs if ref.kind is RefKind.BRANCH}
    return [
        ref
        for ref in refs
        if ref.kind is not RefKind.TAG
        and ref.name != onto
        and not (
            ref.kind is RefKind.REMOTE
            and (
                (ref.name.partition("/")[2], ref.commit) in local
                or (ref.name.endswith(f"/{onto}") and ref.commit == commit)
            )
        )
    ]


_judged: OrderedDict[tuple[Project, str], dict[str, _Judged]] = OrderedDict()
_lock = threading.Lock()


def _judge_all(project: Project, known: CommitReading, commits: Sequence[str]) -> dict[str, _Judged]:
    """By commit: the judgement, or why there is none. A commit never changes, so what was judged once stays judged."""
    with _lock:
        before = dict(_judged.get((project, known.commit), {}))
    missing = [commit for commit in dict.fromkeys(commits) if commit not in before]
    found = {commit: before[commit] for commit in commits if commit in before}
    found |= _judge(commit_reader(), project, known, missing)
    with _lock:
        _judged[project, known.commit] = found
        while len(_judged) > _KEPT:
            _judged.popitem(last=False)
    return found


def _judge(reader: CommitReader, project: Project, known: CommitReading, commits: Sequence[str]) -> dict[str, _Judged]:
    if not commits:
        return {}
    own = known.commit
    bases = merge_bases(project.directory, own, commits)
    # A branch without a common commit is compared with what it would be merged into.
    pairs = {(base, side) for commit in commits for base in bases[commit] or (own,) for side in (own, commit)}
    listed = sorted(pairs)
    changes = dict(zip(listed, reader.differences(project.source(), known, listed), strict=True))
    return {commit: _judge_one(project, known, commit, bases[commit], changes) for commit in commits}


def _judge_one(
    project: Project,
    known: CommitReading,
    commit: str,
    bases: tuple[str, ...],
    changes: Mapping[tuple[str, str], TreeDifference],
) -> _Judged:
    own = known.commit
    first = bases[0] if bases else own
    theirs = changes[first, commit]
    if theirs.error:
        return theirs.error
    if bases:
        sides = SideChanges(
            in_every([changes[base, own].changes for base in bases]),
            in_every([changes[base, commit].changes for base in bases]),
        )
    else:
        # What such a branch lacks it has not deleted.
        sides = SideChanges((), tuple(change for change in theirs.changes if change.after is not None))
    return judge_branch(
        known.graph,
        from_left=compose(changes[first, own].changes, theirs.changes),
        changes=sides,
        unreadable=theirs.unreadable,
        permanent=project.heads,
    )
