"""`package:path` to a folder, by looking for the package's folder and importing nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from dashboard.sources.files import Files

_LEVELS_UP = 6
"""How far above the project's directory its package may begin."""


def roots(directory: Path, config_folder: Path, prepend_sys_path: Sequence[str]) -> tuple[Path, ...]:
    """Where a package of the project may lie, likeliest first: what Alembic adds to sys.path, the directory,
    its src, the folders above (up to the repository's), and the packages installed in a .venv beside them."""
    found = [directory / entry for entry in prepend_sys_path]
    for start in (directory, config_folder):
        for folder in [start, *start.parents][:_LEVELS_UP]:
            found += [folder, folder / "src", *sorted(folder.glob(".venv/lib/python3*/site-packages"))]
            if (folder / ".git").exists():
                break
    return tuple(dict.fromkeys(found))


def locate(location: str, directory: Path, among: Iterable[Path], files: Files) -> Path | None:
    """The absolute path that `location` means; None where it names a package that is in none of the roots."""
    path = Path(location)
    if path.is_absolute() or ":" not in location:
        return _tidy(directory / path)
    package, *below = location.split(":")
    folders = package.split(".")
    for root in among:
        candidate = root.joinpath(*folders)
        if files.is_folder(candidate.as_posix()):
            return _tidy(candidate.joinpath(*below))
    return None


def _tidy(path: Path) -> Path:
    """Without `.` and `..` where that cannot change the meaning; symbolic links stay as they are."""
    return path.resolve() if ".." in path.parts else path.absolute()
