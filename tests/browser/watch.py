"""Notes what a page must not do: errors in the console, CSP violations, requests to other hosts, a 500."""

from __future__ import annotations

from dataclasses import dataclass, field

from playwright.sync_api import BrowserContext, ConsoleMessage, Request, Response, WebError


@dataclass
class Watch:
    """Attached to every context of a test; `problems` must be empty at its end."""

    url: str
    expected: list[str] = field(default_factory=list)
    """Parts of console messages that the test provokes on purpose, "status of 403" say."""
    problems: list[str] = field(default_factory=list)

    def attach(self, context: BrowserContext) -> None:
        context.on("console", self._console)
        context.on("weberror", self._error)
        context.on("request", self._request)
        context.on("response", self._response)

    def _console(self, message: ConsoleMessage) -> None:
        # Chromium reports a violation of the content security policy as an error, too.
        if message.type in {"error", "warning"} and not any(part in message.text for part in self.expected):
            self.problems.append(f"console: {message.text} ({message.location.get('url')})")

    def _error(self, error: WebError) -> None:
        self.problems.append(f"script: {error.error}")

    def _request(self, request: Request) -> None:
        if not request.url.startswith((f"{self.url}/", "data:", "blob:", "about:")):
            self.problems.append(f"request to another host: {request.url}")

    def _response(self, response: Response) -> None:
        if response.status >= 500:
            self.problems.append(f"{response.status} from {response.url}")
