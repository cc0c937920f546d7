"""Source text as safe lines of HTML, with classes for colours as the content security policy demands."""

from __future__ import annotations

from typing import Any

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

LARGEST_HIGHLIGHTED = 300_000
"""Characters; longer sources are shown plainly, since colouring them takes seconds."""


def highlight_lines(source: str, lexer: type[Any] = PythonLexer) -> tuple[SafeString, ...]:
    """One safe piece of HTML a line; everything of the source is escaped. `lexer`: one of pygments."""
    if len(source) > LARGEST_HIGHLIGHTED:
        return tuple(escape(line) for line in source.split("\n"))
    # The formatter closes its spans at the end of each line, so that lines can stand alone.
    html = highlight(source, lexer(stripnl=False), HtmlFormatter(nowrap=True))
    return tuple(mark_safe(line) for line in html.rstrip("\n").split("\n"))  # noqa: S308  (escaped by pygments)
