"""A cheap answer to "would a run's page show anything else than a moment ago?", for the pages that ask every second."""

from __future__ import annotations

import hashlib

from dashboard.models import Intervention, Run, RunLogLine, RunStep
from dashboard.usecases.work_version import read_activities, say_again


def run_version(run_id: int) -> str:
    """Differs once the run, a step, its log, who blocks it, or what people asked of it has changed. Empty: no such run.

    Time that merely passes changes nothing but how long the rest will take: the page counts seconds by itself.
    """
    run = (
        Run.objects.filter(pk=run_id)
        .values_list(
            "phase", "outcome", "started_at", "worker", "backend_pid", "contention_at", "steps_committing",
            "confirmation__backup",
        )
        .first()
    )  # fmt: skip
    if run is None:
        return ""
    going = read_activities([run[-1]]) if run[0] == Run.Phase.RUNNING else []
    told = say_again(run[2]) if run[0] == Run.Phase.RUNNING else 0
    steps = tuple(RunStep.objects.filter(run=run_id).values_list("position", "state", "started_at", "finished_at"))
    asked = tuple(Intervention.objects.filter(run=run_id).values_list("pk", "answered_at", "answer"))
    line = RunLogLine.objects.filter(run=run_id).order_by("-number").values_list("number", flat=True).first()
    return hashlib.sha256(repr((run, steps, asked, line, going, told)).encode("utf-8", "surrogateescape")).hexdigest()[
        :16
    ]
