"""`make faults`: runs the tests marked with a fault and prints one line for each: `N passed|failed|... sentence`.

The lines go to standard output, pytest's own report to standard error.
"""

from __future__ import annotations

import contextlib
import sys
from collections import defaultdict
from enum import StrEnum

import pytest

from tests.faults import load_faults


class Standing(StrEnum):
    """How a fault stands, the worst of its tests first."""

    FAILED = "failed"
    SKIPPED = "skipped"
    PASSED = "passed"
    NOT_YET = "not-yet"


class FaultRecorder:
    """A pytest plugin: remembers how the tests of each fault ended."""

    def __init__(self) -> None:
        self.outcomes: dict[int, set[Standing]] = defaultdict(set)
        self.broken_files: list[str] = []
        self._faults_of: dict[str, tuple[int, ...]] = {}

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            numbers = (number for mark in item.iter_markers("fault") for number in mark.args)
            self._faults_of[item.nodeid] = tuple(numbers)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.broken_files.append(report.nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        standing = _standing(report)
        if standing is None:
            return
        for number in self._faults_of[report.nodeid]:
            self.outcomes[number].add(standing)

    def standing_of(self, number: int) -> Standing:
        """The worst that was seen; a fault without a test is not dealt with yet."""
        return next((s for s in Standing if s in self.outcomes[number]), Standing.NOT_YET)


def _standing(report: pytest.TestReport) -> Standing | None:
    if report.failed:
        return Standing.FAILED
    if report.skipped:
        return Standing.SKIPPED
    return Standing.PASSED if report.when == "call" else None


def main() -> int:
    """Exit code 1 where a test failed, a test file could not be read, or a mark names an unknown fault."""
    faults = load_faults()
    recorder = FaultRecorder()
    with contextlib.redirect_stdout(sys.stderr):
        arguments = ["-m", "fault", "-q", "--continue-on-collection-errors", *sys.argv[1:]]
        code = pytest.main(arguments, plugins=[recorder])
    for number, sentence in faults.items():
        print(f"{number} {recorder.standing_of(number)} {sentence}")
    unknown = sorted(recorder.outcomes.keys() - faults.keys())
    for number in unknown:
        print(f"A test is marked fault({number}), which tests/faults.toml lacks.", file=sys.stderr)
    for path in recorder.broken_files:
        print(f"{path} could not be collected.", file=sys.stderr)
    ended_well = code in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
    return 0 if ended_well and not unknown and not recorder.broken_files else 1


if __name__ == "__main__":
    sys.exit(main())
