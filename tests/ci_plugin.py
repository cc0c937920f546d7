"""Loaded where CI is set: a skipped test, or a skipped module, fails the whole run."""

from __future__ import annotations

import pytest


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """What was not run was not shown to work."""
    if session.exitstatus == pytest.ExitCode.OK and _skipped(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says why the run failed although no test did."""
    if count := len(_skipped(terminalreporter.config)):
        terminalreporter.section("skipped in CI", red=True)
        terminalreporter.line(f"{count} skipped: CI needs all of them. The reasons stand in the short summary.")


def _skipped(config: pytest.Config) -> list[object]:
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    # None in the processes that pytest-xdist starts: the one that started them counts for all.
    return [] if reporter is None else list(reporter.stats.get("skipped", []))
