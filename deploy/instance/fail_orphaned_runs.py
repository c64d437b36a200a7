"""Fails the runs that the code server before this one left behind; systemd calls it when one has started.

Runs are child processes of the code server, and nothing else tells a run whose machine lost its power from
one that works: it would hold its place in the queue for ever. Failed for another reason than its steps, it is
retried as ``run_retries`` in dagster.yaml says: so the new code server must answer first. Runs that another
launcher started are left alone.
"""

import time

# The code server began a moment ago and takes seconds to load: no run of before this moment is its own.
BORDER = time.time()

import logging  # noqa: E402
import sys  # noqa: E402

import dagster as dg  # noqa: E402
from dagster._core.errors import DagsterUserCodeUnreachableError  # noqa: E402
from dagster._core.storage.tags import GRPC_INFO_TAG  # noqa: E402
from dagster._grpc.client import DagsterGrpcClient  # noqa: E402

MESSAGE = "The code server that started this run has ended, and its run worker with it."
ALIVE = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
LONGEST_LOAD_SECONDS = 75


def fail_orphaned_runs(instance: dg.DagsterInstance, border: float) -> list[str]:
    """Mark runs that began before as failed, or as cancelled where that was asked for; gives their ids.

    Args:
        instance: of the runs.
        border: seconds since the epoch at which the present code server started.
    """
    failed = []
    for record in instance.get_run_records(dg.RunsFilter(statuses=ALIVE)):
        run = record.dagster_run
        began = record.start_time or instance.get_run_stats(run.run_id).launch_time
        if GRPC_INFO_TAG not in run.tags or began is None or began >= border:
            continue
        if run.status is dg.DagsterRunStatus.CANCELING:
            instance.report_run_canceled(run, MESSAGE)
        else:
            instance.report_run_failed(run, MESSAGE)
        failed.append(run.run_id)
    return failed


def answers(client: DagsterGrpcClient) -> bool:
    """Wait for a code server; whether it has come."""
    while time.time() < BORDER + LONGEST_LOAD_SECONDS:
        try:
            client.ping("")
        except DagsterUserCodeUnreachableError:
            time.sleep(0.3)
        else:
            return True
    return False


def main() -> int:
    """Wait for the code server at the socket, then look at the instance of DAGSTER_HOME."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    if not answers(DagsterGrpcClient(socket=sys.argv[1])):
        logging.error("%s: no code server answers within %d s", sys.argv[1], LONGEST_LOAD_SECONDS)
        return 1
    with dg.DagsterInstance.get() as instance:
        for run_id in fail_orphaned_runs(instance, BORDER):
            logging.info("run %s: %s", run_id, MESSAGE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
