"""The text of one revision file, as it was when the history was read."""

from __future__ import annotations

import hashlib

from dashboard.revisions.records import RevisionRecord
from dashboard.sources.configuration import Project
from dashboard.sources.errors import ScriptDirectoryError
from dashboard.sources.files import DiskFiles, Files, read_one
from dashboard.sources.git_files import GitFiles
from dashboard.sources.revision_file import decode


class SourceUnavailable(Exception):
    """The file is gone or is no longer what was read; the message says which and what to do."""


def read_revision_source(*, project: Project, record: RevisionRecord, commit: str = "") -> str:
    """From the work tree, or from a whole `commit`. Executes nothing; only bytes with the hash of `record` are given back.

    Raises SourceUnavailable.
    """
    try:
        files: Files = GitFiles(project.directory, commit) if commit else DiskFiles()
        content = read_one(files, project.directory / record.path)
    except OSError as error:
        raise SourceUnavailable(f"{record.path} cannot be read: {error.strerror}. Reload the page.") from None
    except ScriptDirectoryError as error:
        raise SourceUnavailable(str(error)) from None
    if hashlib.sha256(content).hexdigest() != record.sha256:
        raise SourceUnavailable(f"{record.path} has just changed. Reload the page.")
    return decode(content)
