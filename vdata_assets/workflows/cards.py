"""What the card of an exported dataset says of where it comes from."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pydantic import BaseModel

from vdata_assets.workflows.dataset import Dataset
from vdata_resources.store import Version

if TYPE_CHECKING:
    from vdata_assets.formats.about import About
    from vdata_assets.quality.findings import Finding


def about(
    dataset: Dataset,
    told: str,
    versions: Mapping[str, Version],
    settings: BaseModel,
    findings: "Sequence[Finding]",
    *,
    format_name: str = "",
    asset: str,
) -> "About":
    """What is told of a dataset that an asset exports; its splits and columns are for the format to say.

    Args:
        dataset: whose asset it is.
        told: one sentence about the rows.
        versions: what it was made of, by name.
        settings: that it was made with.
        findings: of its audits.
        format_name: of the files, unless it is plain from them.
        asset: its name.
    """
    from vdata_assets.formats.about import About

    return About(
        name=f"{dataset.name} {asset}",
        description=f"{told} Made by vdata.",
        format=format_name,
        splits=(),
        license=dataset.license,
        provenance={name: version.digest for name, version in versions.items()},
        settings=settings.model_dump(mode="json"),
        findings=tuple(findings),
    )
