"""The header that Alembic's own template writes, recognised without parsing it.

Nine of ten files begin with a docstring, imports, and the four variables in the template's order with plain values.
One strict pattern for the whole of that is five times as fast as Python's parser. Whatever differs in the
least is left to the parser.
"""

from __future__ import annotations

import keyword
import re

from dashboard.sources.revision_values import VARIABLES, Assignments

_DOCSTRING = r'"""(?P<docstring>[^"\\]*(?:"(?!"")[^"\\]*)*)"""[ ]*\n'
_NAME = rf"(?!(?:{'|'.join(keyword.kwlist)})\b)[A-Za-z_]\w*"
_DOTTED = rf"{_NAME}(?:\.{_NAME})*"
_ALIASED = rf"(?:[ ]as[ ]{_NAME})?"
_IMPORT = (
    r"(?:import|from)[ ](?![^\n]*(?:revision|branch_labels|depends_on))(?:"
    rf"(?<=import[ ]){_DOTTED}{_ALIASED}(?:,[ ]{_DOTTED}{_ALIASED})*"
    rf"|(?<=from[ ]){_DOTTED}[ ]import[ ]{_NAME}{_ALIASED}(?:,[ ]{_NAME}{_ALIASED})*)\n"
)
_FILLER = rf"(?:\n|\#[^\n]*\n|{_IMPORT})*"
_PLAIN_TYPE = r"(?:None|(?:typing\.)?(?:str|Union|Optional|Sequence|List|Tuple|list|tuple))"
_INNER_TYPE = rf"{_PLAIN_TYPE}(?:\[{_PLAIN_TYPE}\])?"
_TYPE = rf"{_PLAIN_TYPE}(?:\[{_INNER_TYPE}(?:,[ ]{_INNER_TYPE})*\])?"
_ANNOTATION = rf"(?::[ ]{_TYPE}(?:[ ]\|[ ]{_TYPE})*)?"
_TEXT = r"""(?:"[^"\\\n]*"|'[^'\\\n]*')"""


def _assignment(name: str, values: str) -> str:
    return rf"(?P<{name}>{name}){_ANNOTATION}[ ]=[ ](?P<{name}_value>{values})\n"


_HEADER = re.compile(
    _DOCSTRING
    + _FILLER
    + _assignment("revision", _TEXT)
    + _assignment("down_revision", f"{_TEXT}|None")
    + f"(?:{_assignment('branch_labels', f'{_TEXT}|None')})?"
    + f"(?:{_assignment('depends_on', f'{_TEXT}|None')})?"
    + _FILLER,
    re.VERBOSE | re.ASCII,
)


def read_plain_header(header: str) -> tuple[Assignments, str] | None:
    """What the header assigns, and its docstring; None where it is not exactly of the template's form."""
    if "\r" in header or "\0" in header:
        return None
    match = _HEADER.fullmatch(header)
    if match is None:
        return None
    found = Assignments()
    line, counted = 1, 0
    for name in VARIABLES:
        at = match.start(name)
        if at < 0:
            continue
        line += header.count("\n", counted, at)
        counted = at
        value = match[f"{name}_value"]
        found.values[name] = None if value == "None" else value[1:-1]
        found.lines[name] = line
    return found, match["docstring"]
