"""The tools around the tests: CI fails on a skip, and the fault report counts every fault once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults import load_faults

UNKNOWN = "fault(999)"
SKIPPED_TEST = "import pytest\ndef test_it():\n    pytest.skip('no browser')\n"
SKIPPED_MODULE = "import pytest\npytest.skip('no browser', allow_module_level=True)\n"
RUN_TEST = "def test_it():\n    pass\n"
MARKED = """
import pytest
@pytest.mark.fault(52)
def test_works(): pass
@pytest.mark.fault(53)
@pytest.mark.fault(54)
@pytest.mark.parametrize("good", [True, False])
def test_fails_once(good): assert good
@pytest.mark.fault(55)
def test_skipped(): pytest.skip("later")
"""


def run(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments, "-p", "no:django", "-p", "no:cacheprovider"]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    ("source", "code"), [(SKIPPED_TEST, 1), (SKIPPED_MODULE, 1), (RUN_TEST, 0)], ids=["test", "module", "none"]
)
def test_in_ci_a_skip_fails_the_run(repository_root: Path, tmp_path: Path, source: str, code: int) -> None:
    (tmp_path / "test_one.py").write_text(source)
    (tmp_path / "test_another.py").write_text(RUN_TEST)

    done = run(repository_root, "-m", "pytest", "-p", "tests.ci_plugin", str(tmp_path))

    assert done.returncode == code, done.stdout
    assert ("CI needs all of them" in done.stdout) is bool(code)


def test_the_fault_report_prints_one_line_for_each_fault(repository_root: Path, tmp_path: Path) -> None:
    (tmp_path / "test_marked.py").write_text(MARKED)

    done = run(repository_root, "-m", "tests.fault_report", str(tmp_path))

    lines = done.stdout.splitlines()
    standing = {int(number): standing for number, standing, _ in (line.split(" ", 2) for line in lines)}
    assert len(lines) == len(load_faults()) == 82
    assert {n: s for n, s in standing.items() if s != "not-yet"} == {
        52: "passed",
        53: "failed",
        54: "failed",
        55: "skipped",
    }
    assert done.returncode == 1


def test_the_fault_report_refuses_a_mark_that_the_list_lacks(repository_root: Path, tmp_path: Path) -> None:
    (tmp_path / "test_marked.py").write_text(f"import pytest\n@pytest.mark.{UNKNOWN}\ndef test_it(): pass\n")

    done = run(repository_root, "-m", "tests.fault_report", str(tmp_path))

    assert done.returncode == 1
    assert UNKNOWN in done.stderr
