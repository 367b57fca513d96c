"""Every job that may be asked for exists, every queue is served, and the schedule names jobs."""

import inspect
from importlib import import_module

import pytest
import yaml

from hearth.jobs import QUEUE_OF, Job, Queue
from tests.architecture.test_stdlib import ROOT
from workers.schedule import SCHEDULE


@pytest.mark.parametrize("job", list(Job))
def test_a_job_leads_to_a_function_that_takes_texts_alone(job: Job) -> None:
    module, _, name = job.value.rpartition(".")

    function = getattr(import_module(module), name)

    assert inspect.isfunction(function)
    kinds = {parameter.annotation for parameter in inspect.signature(function).parameters.values()}
    assert kinds <= {str}


def test_every_job_has_a_queue() -> None:
    assert set(QUEUE_OF) == set(Job)
    assert set(QUEUE_OF.values()) == set(Queue)


def test_every_queue_is_served_by_one_worker_in_the_chart() -> None:
    values = yaml.safe_load((ROOT / "helm/hearth/values.yaml").read_text())

    assert set(values["queues"]) == {queue.value for queue in Queue}


def test_the_schedule_calls_what_it_names() -> None:
    for job, (function, seconds) in SCHEDULE.items():
        assert job.value == f"{function.__module__}.{function.__name__}"
        assert seconds > 0
