"""Sensors of the whole project; those of a dataset are beside its assets."""

import os
from typing import Any

import dagster as dg
from dagster._time import get_current_timestamp

from vdata_assets.workflows.alert_message import message
from vdata_assets.workflows.alert_webhook import VARIABLE, AlertWebhookResource
from vdata_assets.workflows.alerts import Position, here, take

NAME = "alerts"
SECONDS = 30


def alert_resources() -> dict[str, Any]:
    """The webhook, if VDATA_ALERT_WEBHOOK is set; only the variable's name is ever stored."""
    chosen = {"url": dg.EnvVar(VARIABLE)} if os.environ.get(VARIABLE) else {}
    return {"alert_webhook": AlertWebhookResource(**chosen)}


def alert_sensor() -> dg.SensorDefinition:
    """Tells a webhook of failed checks and rejected partitions. On if VDATA_ALERT_WEBHOOK is set, else off.

    A message that was not delivered is kept: the position in the event log stays, the tick fails, and the
    next one tries again. Only a daemon that dies between the delivery and its record tells something twice,
    under the same ``id``.
    """

    @dg.sensor(
        name=NAME,
        minimum_interval_seconds=SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING
        if os.environ.get(VARIABLE)
        else dg.DefaultSensorStatus.STOPPED,
        description=f"Tells the webhook of {VARIABLE} of failed checks, rejected partitions and failed runs, "
        "once each, as soon as their run has ended.",
    )
    def alerts(context: dg.SensorEvaluationContext, alert_webhook: AlertWebhookResource) -> dg.SensorResult:
        if not alert_webhook.url:
            return dg.SensorResult(skip_reason=f"{VARIABLE} is not set where the code is served")
        position = Position.load(context.cursor)
        if position is None:
            return dg.SensorResult(
                skip_reason="runs that end from now on are told", cursor=here(context.instance).dump()
            )
        troubled, after = take(context.instance, position, get_current_timestamp())
        if troubled:
            alert_webhook.send(message(troubled))
        told = f"told of {len(troubled)} runs" if troubled else "nothing to tell"
        return dg.SensorResult(skip_reason=told, cursor=after.dump())

    return alerts
