"""What is wrong with a dashboard.toml: all of it, in the words of whoever has to mend it, without any value."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from dashboard.secrets import Masker
from dashboard.sources.configuration_schema import SOURCE_HINT, table_at

Location = tuple[int | str, ...]

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_NO_SECRETS = Masker(())
_WRONG_TYPE = {
    "string_type": ("This is no string.", SOURCE_HINT),
    "bool_type": ("This is neither true nor false.", "Write true or false, without quotes."),
    "int_type": ("This is no whole number.", "Write a number without quotes."),
    "list_type": ("This is no list.", 'Write a list: ["first", "second"], or [] for none.'),
    "dict_type": ("This is no table.", "Write a table: { key = value }, or a [section] of its own."),
    "model_type": ("This is no table.", "Write a table: { key = value }, or a [section] of its own."),
    "too_short": ("It is empty.", "Give it a value, or leave the key out for the default."),
    "greater_than_equal": ("The number is too small.", "Write 1 or more."),
}


@dataclass(frozen=True, slots=True)
class ConfigurationProblem:
    """One thing to mend in dashboard.toml."""

    key: str
    """`projects.api.environments.production.backup.max_age`; empty where the file as a whole is meant."""
    message: str
    """What is wrong."""
    hint: str
    """What the key means and what to write."""


class ConfigurationError(Exception):
    """dashboard.toml cannot be used; `problems` holds everything that was found. Never shows a secret."""

    def __init__(self, path: Path, problems: Iterable[ConfigurationProblem]) -> None:
        self.path = path
        self.problems = tuple(problems)
        count = "1 problem" if len(self.problems) == 1 else f"{len(self.problems)} problems"
        super().__init__("\n".join([f"{path}: {count}", *map(_as_text, self.problems)]))


def problem_at(location: Location, message: str, hint: str) -> ConfigurationProblem:
    """A problem with the key at `location`; the hint is preceded by what the key means."""
    meaning = meaning_of(location)
    return ConfigurationProblem(
        key=_NO_SECRETS.mask(dotted(location)),
        message=_NO_SECRETS.mask(message),
        hint=_NO_SECRETS.mask(f"{meaning} {hint}" if meaning else hint),
    )


def dotted(location: Location) -> str:
    """The key as one would write it in TOML; places in a list are left out."""
    return ".".join(
        step if _BARE_KEY.fullmatch(step) else '"' + step.replace('"', '\\"') + '"'
        for step in location
        if isinstance(step, str)
    )


def meaning_of(location: Location) -> str:
    """`max_age: how old a backup may be for a run.`; empty where the schema gives the key no meaning."""
    if not location:
        return ""
    *parent, key = location
    table = table_at(tuple(parent))
    if table is None:
        # A variable, an option or a place in a list has the meaning of what it stands in.
        return meaning_of(tuple(parent))
    if key not in table.model_fields:
        return ""
    return f"{key}: {table.model_fields[str(key)].description}."


def nearest(name: str, known: Iterable[str]) -> str:
    """The one of `known` that was likely meant, else an empty string."""
    names = list(known)
    begun = [other for other in names if name and other.startswith(name)]
    return next(iter(begun if len(begun) == 1 else get_close_matches(name, names, n=1, cutoff=0.6)), "")


def problems_of(error: ValidationError) -> list[tuple[Location, ConfigurationProblem]]:
    """Pydantic's errors in our words, each with the location to drop in order to go on without it."""
    found = error.errors(include_url=False, include_input=False)
    return [(tuple(entry["loc"]), _translated(tuple(entry["loc"]), entry)) for entry in found]


def _translated(location: Location, entry: Mapping[str, Any]) -> ConfigurationProblem:
    kind = entry["type"]
    context = entry.get("ctx", {})
    if kind == "extra_forbidden":
        return _unknown_key(location)
    if kind == "literal_error":
        return _unknown_value(location, str(context["expected"]))
    if kind in _WRONG_TYPE:
        return problem_at(location, *_WRONG_TYPE[kind])
    return problem_at(location, str(entry["msg"]), str(context.get("hint", "Correct the value.")))


def _unknown_value(location: Location, expected: str) -> ConfigurationProblem:
    wanted = expected.replace("'", '"')
    return problem_at(location, "This is none of the values that the key takes.", f"Write {wanted}.")


def _unknown_key(location: Location) -> ConfigurationProblem:
    *parent, last = location
    key = str(last)
    table = table_at(tuple(parent))
    known = tuple(table.model_fields) if table else ()
    if guess := nearest(key, known):
        return problem_at(location, "There is no such key.", f'Did you mean "{guess}"?')
    if place := _elsewhere(key, tuple(parent)):
        return problem_at(location, "There is no such key here.", f"It belongs into {place}.")
    return problem_at(location, "There is no such key.", f"Known here are {', '.join(known)}.")


def _elsewhere(key: str, parent: Location) -> str:
    """The table around or below `parent` that does have the key."""
    steps = [*parent, *("?" for _ in range(4 - len(parent)))]
    project, environment = str(steps[1]), str(steps[3])
    candidates: list[Location] = [("projects", project), ("projects", project, "environments", environment)]
    candidates += [(*candidates[1], inner) for inner in ("backup", "scratch", "rehearsal", "drift", "timeouts")]
    for candidate in candidates:
        table = table_at(candidate)
        if table is not None and key in table.model_fields:
            return f"[{dotted(candidate)}]".replace('"?"', "NAME")
    return ""


def _as_text(problem: ConfigurationProblem) -> str:
    subject = f"{problem.key}: " if problem.key else ""
    hint = "\n".join(f"      {line}".rstrip() for line in problem.hint.splitlines())
    return f"  {subject}{problem.message}\n{hint}"
