"""Steps that nobody waits for any more, because their run's process, or the daemon, was killed."""

import time
from collections.abc import Callable, Iterable, Sequence
from uuid import uuid4

import dagster as dg

INSTANCE_ID = "vdata.instance"
GRACE_SECONDS = 30.0
"""A step whose run has just ended is about to end itself."""


def instance_id(instance: dg.DagsterInstance) -> str:
    """What marks every step of an instance: two instances on one cluster do not stop each other's.

    The instance keeps the id that is made here once.
    """
    storage = instance.run_storage
    if not storage.get_cursor_values({INSTANCE_ID}):
        storage.set_cursor_values({INSTANCE_ID: str(uuid4())})
    return storage.get_cursor_values({INSTANCE_ID})[INSTANCE_ID]


def ended_runs(instance: dg.DagsterInstance, run_ids: Iterable[str], grace_seconds: float) -> set[str]:
    """Those of an instance's runs that nobody waits for: they have ended, or were deleted.

    Args:
        instance: whose runs they are.
        run_ids: of steps that are alive.
        grace_seconds: since a run's end, for which its steps may still be about to end themselves.
    """
    asked = set(run_ids)
    if not asked:
        return set()
    over = time.time() - grace_seconds
    records = instance.get_run_records(dg.RunsFilter(run_ids=sorted(asked)))
    return asked - {
        record.dagster_run.run_id
        for record in records
        if not record.dagster_run.is_finished or (record.end_time or 0) > over
    }


def orphans_sensor(
    executor: str, stop: Callable[[dg.DagsterInstance], Sequence[str]], minimum_interval_seconds: int = 60
) -> dg.SensorDefinition:
    """A sensor that stops orphans, also at the daemon's start.

    Args:
        executor: name of the executor, which the sensor's begins with.
        stop: stops the orphans of an instance and names them.
        minimum_interval_seconds: between two looks.
    """

    @dg.sensor(
        name=f"{executor}_orphans",
        minimum_interval_seconds=minimum_interval_seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Stops {executor.capitalize()} jobs of this instance whose run has ended.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        stopped = ", ".join(stop(context.instance))
        return dg.SkipReason(f"stopped: {stopped}" if stopped else "no job without a run")

    return sensor
