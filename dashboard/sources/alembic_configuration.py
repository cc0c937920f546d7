"""alembic.ini and pyproject.toml, read as Alembic reads them, but importing nothing."""

from __future__ import annotations

import tomllib
from configparser import (
    ConfigParser,
    DuplicateOptionError,
    DuplicateSectionError,
    Error,
    InterpolationError,
    MissingSectionHeaderError,
    ParsingError,
)
from dataclasses import dataclass
from pathlib import Path

from dashboard.revisions.records import Problem, ProblemKind
from dashboard.sources import package_paths
from dashboard.sources.errors import ScriptDirectoryError
from dashboard.sources.files import Files, read_one
from dashboard.sources.location_lists import split_locations
from dashboard.sources.project_source import ProjectSource


@dataclass(frozen=True, slots=True)
class AlembicConfiguration:
    """Where the revision files of a project lie. Paths are absolute."""

    script_location: Path
    version_locations: tuple[Path, ...]
    """In Alembic's order; some may not exist, which Alembic passes over as well."""
    recursive: bool
    """recursive_version_locations: sub-folders are read too."""
    files: tuple[Path, ...]
    """The configuration files that were read."""
    problems: tuple[Problem, ...] = ()

    def folders(self) -> tuple[Path, ...]:
        """All folders that matter, those left out that lie in another one of them."""
        every = dict.fromkeys((self.script_location, *self.version_locations))
        return tuple(folder for folder in every if not any(other in folder.parents for other in every))


@dataclass(frozen=True, slots=True)
class _Settings:
    """The handful of options that say where files lie, interpolated."""

    script_location: str
    version_locations: tuple[str, ...]
    recursive: bool
    sourceless: bool
    prepend_sys_path: tuple[str, ...]
    said: tuple[str, ...] = ()
    """What is wrong but can be lived with."""


def read_alembic_configuration(source: ProjectSource, files: Files) -> AlembicConfiguration:
    """Find the script directory and its version locations. Raises ScriptDirectoryError.

    Relative paths are relative to the project's directory, where Alembic is run. Where the configuration
    names no script_location, its own folder is the script directory, if it has a versions folder or an env.py.
    """
    settings, read = _read_settings(source, files)
    problems = [_problem(source, said) for said in settings.said]
    if settings.sourceless:
        problems.append(_problem(source, "sourceless: revisions that exist only compiled are not read."))
    location = settings.script_location or source.config.parent.as_posix()
    roots = package_paths.roots(source.directory, source.config.parent, settings.prepend_sys_path)
    script_location = package_paths.locate(location, source.directory, roots, files)
    if script_location is None:
        raise ScriptDirectoryError(
            f"{source.config}: the package of script_location = {location} was not found below "
            f"{source.directory}. Set script_location for the project in the dashboard's configuration."
        )
    if not files.is_folder(script_location.as_posix()):
        beside = (source.config.parent / location).resolve()
        if not files.is_folder(beside.as_posix()):
            raise ScriptDirectoryError(
                f"{source.config}: script_location = {location} names {script_location}, which is no directory. "
                "Correct it, or the project's `directory` in the dashboard's configuration."
            )
        said = f"script_location = {location} is relative to the ini file, not to the project's directory."
        problems.append(_problem(source, said, f"Set directory = {source.config.parent}, where Alembic is run."))
        script_location = beside
    versions = []
    for given in settings.version_locations:
        found = package_paths.locate(given, source.directory, roots, files)
        if found is None:
            problems.append(_problem(source, f"The package of the version location {given} was not found."))
        else:
            versions.append(found)
    if not versions:
        versions = [script_location / "versions"]
    return AlembicConfiguration(
        script_location, tuple(dict.fromkeys(versions)), settings.recursive, read, tuple(problems)
    )


def _problem(source: ProjectSource, said: str, hint: str = "Correct the configuration file.") -> Problem:
    return Problem(ProblemKind.CONFIGURATION, "", source.config.name, None, said, hint)


def _read_settings(source: ProjectSource, files: Files) -> tuple[_Settings, tuple[Path, ...]]:
    """From the ini file first, then from [tool.alembic] of a pyproject.toml in the project's directory."""
    if not files.is_file(source.config.as_posix()):
        raise ScriptDirectoryError(f"{source.config} does not exist. Correct `config` or `directory` of the project.")
    if source.config.suffix == ".toml":
        return _from_toml(source, source.config, files), (source.config,)
    pyproject = source.directory / "pyproject.toml"
    ini = _parse_ini(source, files)
    if (
        not _has(ini, source.section, "script_location")
        and not source.script_location
        and files.is_file(pyproject.as_posix())
    ):
        table = _tool_alembic(pyproject, files)
        if "script_location" in table:
            return _from_toml(source, pyproject, files), (source.config, pyproject)
    return _from_ini(source, ini), (source.config,)


def _parse_ini(source: ProjectSource, files: Files) -> ConfigParser:
    here = source.config.parent.absolute().as_posix()
    parser = ConfigParser({"here": here.replace("%", "%%")})
    content = _content(source.config, files)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    try:
        parser.read_string(text, str(source.config))
    except Error as error:
        raise ScriptDirectoryError(f"{source.config}: {_without_content(error)} Correct the file.") from None
    return parser


def _without_content(error: Error) -> str:
    """What is wrong and where; configparser's own words quote lines, which may hold a password."""
    if isinstance(error, DuplicateSectionError):
        return f"Line {error.lineno}: section [{error.section}] already exists."
    if isinstance(error, DuplicateOptionError):
        return f"Line {error.lineno}: {error.option} already exists in [{error.section}]."
    if isinstance(error, MissingSectionHeaderError):
        return f"Line {error.lineno} comes before the first [section]."
    if isinstance(error, ParsingError):
        return f"Line {error.errors[0][0]} is no `key = value`."
    return "It is no ini file."


def _content(path: Path, files: Files) -> bytes:
    try:
        return read_one(files, path)
    except OSError as error:
        raise ScriptDirectoryError(f"{path} cannot be read: {error.strerror or error}.") from None


def _has(ini: ConfigParser, section: str, option: str) -> bool:
    return ini.has_section(section) and ini.has_option(section, option)


def _from_ini(source: ProjectSource, ini: ConfigParser) -> _Settings:
    section = source.section
    if not ini.has_section(section):
        if not source.script_location:
            names = ", ".join(ini.sections()) or "none"
            raise ScriptDirectoryError(
                f"{source.config} has no section [{section}]; it has: {names}. Correct `section`."
            )
        ini.add_section(section)
    if source.script_location:
        ini.set(section, "script_location", source.script_location.replace("%", "%%"))
    elif not ini.has_option(section, "script_location"):
        ini.set(section, "script_location", source.config.parent.as_posix().replace("%", "%%"))
    try:
        said: list[str] = []
        path_separator = ini.get(section, "path_separator", fallback=None)
        versions_by = path_separator or ini.get(section, "version_path_separator", fallback=None)
        versions = source.version_locations or split_locations(
            ini.get(section, "version_locations", fallback=""), versions_by, ", ", said
        )
        return _Settings(
            script_location=ini.get(section, "script_location"),
            version_locations=versions,
            recursive=ini.get(section, "recursive_version_locations", fallback="") == "true",
            sourceless=ini.get(section, "sourceless", fallback="") == "true",
            prepend_sys_path=split_locations(
                ini.get(section, "prepend_sys_path", fallback=""), path_separator, ", :", said
            ),
            said=tuple(dict.fromkeys(said)),
        )
    except InterpolationError as error:
        raise ScriptDirectoryError(f"{source.config}: {error.message.strip()} Correct the value.") from None


def _tool_alembic(path: Path, files: Files) -> dict[str, object]:
    try:
        document = tomllib.loads(_content(path, files).decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ScriptDirectoryError(f"{path}: {error}. Correct the file.") from None
    tool = document.get("tool")
    table = tool.get("alembic", {}) if isinstance(tool, dict) else {}
    return table if isinstance(table, dict) else {}


def _from_toml(source: ProjectSource, path: Path, files: Files) -> _Settings:
    table = _tool_alembic(path, files)
    if not table and not source.script_location:
        raise ScriptDirectoryError(f"{path} has no table [tool.alembic]. Correct `config` of the project.")
    here = path.parent.absolute().as_posix()
    said: list[str] = []

    def texts(key: str) -> tuple[str, ...]:
        value = table.get(key, [])
        listed = [value] if isinstance(value, str) else value
        if not isinstance(listed, list) or not all(isinstance(item, str) for item in listed):
            said.append(f"{key} is neither a text nor a list of texts.")
            return ()
        try:
            return tuple(item % {"here": here} for item in listed)
        except (KeyError, ValueError, TypeError) as error:
            raise ScriptDirectoryError(
                f"{path}: {key} holds a % that Alembic cannot fill ({error}). Write %(here)s or %%."
            ) from None

    location = texts("script_location")
    return _Settings(
        script_location=source.script_location or (location[0] if location else ""),
        version_locations=source.version_locations or texts("version_locations"),
        recursive=table.get("recursive_version_locations") is True,
        sourceless=table.get("sourceless") is True,
        prepend_sys_path=texts("prepend_sys_path"),
        said=tuple(said),
    )
