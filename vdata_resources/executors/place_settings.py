"""Settings that a place has for an executor, between the executor's own and a launch's run config."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

SOURCE = "VDATA_EXECUTOR_CONFIG"


def with_place_settings(
    schema: Mapping[str, dg.Field], settings: Mapping[str, Any], executor: str
) -> dict[str, dg.Field]:
    """An executor's schema whose defaults are a place's settings.

    Args:
        schema: the executor's own.
        settings: name -> value, as a settings file has them.
        executor: its name, for the error.

    Raises:
        ValueError: an unknown setting, or a value that is none for it.
    """
    if unknown := sorted(set(settings) - set(schema)):
        raise ValueError(
            f"{SOURCE}: {', '.join(unknown)}: no such setting of the {executor} executor; "
            f"allowed are {', '.join(sorted(schema))}"
        )
    placed = dict(schema)
    for name, value in settings.items():
        own = schema[name]
        try:
            placed[name] = dg.Field(own.config_type, default_value=value, description=own.description)
        except dg.DagsterInvalidConfigError as wrong:
            reason = "; ".join(error.message for error in wrong.errors)
            raise ValueError(f"{SOURCE}: {name}: {value!r}: {reason}") from wrong
    return placed
