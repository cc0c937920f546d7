"""How a refused request is logged: a person who lacks a role is no mistake of the program's."""

from __future__ import annotations

import logging

from django.core.exceptions import PermissionDenied


class RefusalInOneLine(logging.Filter):
    """Puts why a request was refused into its line, in place of the traceback that Django adds."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, PermissionDenied):
            record.msg, record.args = f"{record.getMessage()}: {error}", None
            record.exc_info = record.exc_text = None
        return True
