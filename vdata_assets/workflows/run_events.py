"""What a run has recorded."""

from collections.abc import Iterator

import dagster as dg

PAGE = 500


def run_events(
    instance: dg.DagsterInstance, run_id: str, of_type: dg.DagsterEventType | set[dg.DagsterEventType]
) -> Iterator[dg.EventLogEntry]:
    """A run's events of some types, oldest first, read a page at a time: there may be very many."""
    cursor = None
    while True:
        page = instance.get_records_for_run(run_id, cursor, of_type, limit=PAGE)
        yield from (record.event_log_entry for record in page.records)
        if not page.has_more:
            return
        cursor = page.cursor
