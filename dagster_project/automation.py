"""Automation: what runs by itself once a user turns it on."""

import dagster as dg


def automation_sensor() -> dg.AutomationConditionSensorDefinition:
    """Materializes what an upstream change makes due, category by category. Off until turned on in the UI."""
    return dg.AutomationConditionSensorDefinition(
        "automation",
        target=dg.AssetSelection.all(),
        default_status=dg.DefaultSensorStatus.STOPPED,
        minimum_interval_seconds=15,
        description="Turn this on and what follows from a materialized catalog is made by itself, category "
        "by category, as far as it is cheap: nothing that takes a GPU, is paid by the call or trains. Off by "
        "default: nothing runs that nobody asked for.",
    )
