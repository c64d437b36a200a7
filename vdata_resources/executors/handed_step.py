"""What a step handler knows of the one step that it was handed, whoever carries it out."""

from dagster._core.events import DagsterEventType
from dagster._core.execution.retries import RetryState
from dagster._core.executor.step_delegating import StepHandlerContext

_ENDS = {
    DagsterEventType.STEP_SUCCESS,
    DagsterEventType.STEP_FAILURE,
    DagsterEventType.STEP_UP_FOR_RETRY,
}
_NO_RESOURCE = DagsterEventType.RESOURCE_INIT_FAILURE


def step_key(context: StepHandlerContext) -> str:
    """Key of the step; Dagster's step delegating executor hands over one at a time."""
    (key,) = context.execute_step_args.step_keys_to_execute or ()
    return key


def attempt(context: StepHandlerContext) -> int:
    """How often the step was tried before."""
    known = context.execute_step_args.known_state
    retries = known.get_retry_state() if known else RetryState()
    return retries.get_attempt_count(step_key(context))


def has_ended(context: StepHandlerContext) -> bool:
    """Whether this attempt's end is in the run's log; the executor may not have read it yet.

    Every earlier attempt has one end there. A failed resource is an end that the executor words itself.
    """
    key = step_key(context)
    entries = context.instance.all_logs(context.execute_step_args.run_id, of_type=_ENDS | {_NO_RESOURCE})
    events = [entry.dagster_event for entry in entries if entry.dagster_event]
    types = [event.event_type for event in events if event.step_key == key]
    ends = sum(kind in _ENDS for kind in types)
    return ends > attempt(context) or types[-1:] == [_NO_RESOURCE]
