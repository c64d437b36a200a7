"""What the card of an exported dataset says of where it comes from."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

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
    settings: BaseModel | Mapping[str, Any],
    findings: "Sequence[Finding]" = (),
    *,
    format_name: str = "",
    asset: str | None = None,
) -> "About":
    """What is told of a dataset that an asset exports; its splits and columns are for the format to say.

    Args:
        dataset: whose asset it is.
        told: one sentence about the rows.
        versions: what it was made of, by name.
        settings: that it was made with.
        findings: of its audits.
        format_name: of the files, unless it is plain from them.
        asset: its name, where the card is of what that asset alone exports.
    """
    from vdata_assets.formats.about import About

    return About(
        name=f"{dataset.name} {asset}" if asset else dataset.name,
        description=f"{told} Made by vdata.",
        format=format_name,
        splits=(),
        license=dataset.license,
        provenance={name: version.digest for name, version in versions.items()},
        settings=_plain(settings),
        findings=tuple(findings),
    )


def _plain(value: Any) -> Any:
    """Settings as JSON has them."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value
