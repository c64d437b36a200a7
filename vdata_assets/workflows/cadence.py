"""When a dataset's schedules are due."""

from typing import Annotated

from dagster._utils.schedules import is_valid_cron_string
from pydantic import AfterValidator, Field

from vdata_assets.workflows.settings import Settings


def _cron(text: str) -> str:
    if not is_valid_cron_string(text):
        raise ValueError(f"{text!r} is no cron expression: minute, hour, day, month, weekday, as '0 2 * * *'")
    return text


def _timezone(name: str) -> str:
    from zoneinfo import available_timezones

    if name not in available_timezones():
        raise ValueError(f"{name!r} is no time zone: write it as 'Europe/Berlin' or 'UTC'")
    return name


Cron = Annotated[str, AfterValidator(_cron)]


class ScheduleSettings(Settings):
    """When the schedules of a dataset are due, once they are turned on."""

    observation: Cron = Field("0 2 * * *", description="Looks whether raw files changed; every night.")
    full_audit: Cron = Field("0 4 * * 0", description="Reads all that is published; on Sundays.")
    timezone: Annotated[str, AfterValidator(_timezone)] = Field("UTC", description="E.g. Europe/Berlin.")
