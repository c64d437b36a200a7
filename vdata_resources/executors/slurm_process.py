"""What a step's job runs: Dagster's ``execute_step``, which a SIGTERM ends at once.

Dagster would catch the signal and report the step as interrupted, before the executor can say that Slurm
ended the job for its time limit, or try a preempted one again. A step that dies leaves the store whole.
"""

from dagster._cli.api import execute_step_command
from dagster._utils import interrupts


def main() -> None:
    """Run the step that DAGSTER_COMPRESSED_EXECUTE_STEP_ARGS describes."""
    interrupts.setup_interrupt_handlers = _leave_sigterm_alone
    execute_step_command()


def _leave_sigterm_alone() -> None:
    """In place of Dagster's function, which makes SIGTERM what SIGINT is."""


if __name__ == "__main__":
    main()
