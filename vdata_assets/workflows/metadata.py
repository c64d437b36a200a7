"""Metadata of published versions and findings as the Dagster UI shows it."""

from typing import Any

import dagster as dg

from vdata_assets.quality.findings import Finding
from vdata_resources.store import Version


def ui_metadata(version: Version, *, reused: bool) -> dict[str, Any]:
    """What the UI shows of a version: figures, pictures, rows, columns, where it is, if it was reused."""
    record = version.metadata
    metadata: dict[str, Any] = {
        **{title: dg.MetadataValue.md(text) for title, text in record["pictures"].items()},
        **record["figures"],
        # Versions that were published before there were pages have none.
        **{title: _path(version, file) for title, file in record.get("pages", {}).items()},
        "path": dg.MetadataValue.path(str(version.path)),
        "version": version.id,
        "reused": reused,
    }
    if record["table"]:
        metadata["dagster/row_count"] = record["table"]["rows"]
    if record["table"] and record["table"]["columns"]:
        metadata["dagster/column_schema"] = dg.TableSchema(
            columns=[
                dg.TableColumn(name=name, type=dtype, description=text)
                for name, dtype, text in record["table"]["columns"]
            ]
        )
    return metadata


def _path(version: Version, file: str) -> dg.PathMetadataValue:
    return dg.MetadataValue.path(str(version.file(file)))


def check_metadata(finding: Finding) -> dict[str, Any]:
    """A finding's figures and its offenders as a check's metadata."""
    metadata: dict[str, Any] = {"status": finding.status.value, **finding.counts}
    if finding.offenders:
        metadata["first_offenders"] = list(finding.offenders)
    return metadata
