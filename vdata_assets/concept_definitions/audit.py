"""What is asked of a category's definitions before they are published, over all rows."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from vdata_assets.concept_definitions import checks
from vdata_assets.concept_definitions.definitions_json import FIELDS, NAME, accepted
from vdata_assets.concept_definitions.wording import coarse_problems, detailed_problems
from vdata_assets.quality.findings import Finding


def audit_definitions(
    definitions: pl.DataFrame,
    images: pl.DataFrame,
    concepts: Sequence[str],
    folder: Path,
    *,
    prefix: str,
) -> list[Finding]:
    """Answer every check of ``CONCEPT_DEFINITION_CHECKS``, in that order, each at its default level.

    Offenders are concepts.

    Args:
        definitions: :class:`~vdata_assets.concept_definitions.schema.ConceptDefinitions`.
        images: all readable images of the category, of whatever split: ``image_id``, ``path``, ``concept``,
            ``split`` and ``content_hash``.
        concepts: display names of all that were to be defined.
        folder: where the JSON lies.
        prefix: of its paths.
    """
    return [
        _written(definitions),
        _well_formed(definitions, concepts, folder / NAME, prefix),
        _from_training(definitions, images),
    ]


def _written(definitions: pl.DataFrame) -> Finding:
    without = definitions.filter(pl.col("verdict") != "ACCEPT")
    counts = {
        "concepts": definitions.height,
        "accepted": definitions.height - without.height,
        "verified": definitions.filter("verified").height,
        "rejected": without.filter(pl.col("verdict") == "REJECT").height,
        "undecided": without.filter(pl.col("verdict") == "ERROR").height,
    }
    return checks.DEFINITIONS_WRITTEN.finding(
        "{accepted} of {concepts} concepts have an accepted definition, {verified} of them verified against "
        "another view; {rejected} were rejected, {undecided} could not be decided".format(**counts),
        (f"{concept}: {reason}" for concept, reason in without.select("concept", "reason").iter_rows()),
        counts,
    )


def _well_formed(definitions: pl.DataFrame, concepts: Sequence[str], file: Path, prefix: str) -> Finding:
    entries = json.loads(file.read_text(encoding="utf-8"))
    bad = [f"{entry.get('name')}: {problem}" for entry in entries for problem in _problems(entry)]
    absent = sorted(set(concepts) ^ set(definitions["concept"]))
    bad += [f"{concept}: has no row, or one too many" for concept in absent]
    if entries != accepted(definitions, prefix).to_dicts():
        bad.append(f"{NAME} does not hold the accepted definitions")
    return checks.DEFINITIONS_WELL_FORMED.finding(
        f"{len(bad)} problems in {len(entries)} definitions", bad, {"definitions": len(entries)}
    )


def _problems(entry: dict[str, Any]) -> Iterator[str]:
    if tuple(entry) != FIELDS or not all(isinstance(value, str) and value for value in entry.values()):
        yield f"is no object of non-empty {', '.join(FIELDS)}"
        return
    yield from coarse_problems(entry["coarse"])
    yield from detailed_problems(entry["detailed"])


def _from_training(definitions: pl.DataFrame, images: pl.DataFrame) -> Finding:
    training = images.filter(pl.col("split") == "train")
    known = {
        image_id: (concept, path, content)
        for image_id, concept, path, content in training.select(
            "image_id", "concept", "path", "content_hash"
        ).iter_rows()
    }
    bad = [f"{row['concept']}: {problem}" for row in definitions.to_dicts() for problem in _leaks(row, known)]
    used = int(definitions["view_ids"].list.len().sum()) + definitions["verified_by"].count()
    return checks.DEFINITIONS_FROM_TRAINING.finding(
        f"{len(bad)} problems with the {used} images that definitions rest on", bad, {"images": used}
    )


def _leaks(row: dict[str, Any], known: dict[str, tuple[str, str, str]]) -> Iterator[str]:
    """Images of a definition that are no training images of its concept, or that verify themselves."""
    ids = [*row["view_ids"], *filter(None, [row["reference_id"], row["verified_by"]])]
    strangers = sorted({image_id for image_id in ids if known.get(image_id, ("",))[0] != row["concept"]})
    if strangers:
        yield f"{', '.join(strangers)} are no training images of it"
        return
    if row["reference_id"] and known[row["reference_id"]][1] != row["reference_path"]:
        yield f"{row['reference_path']} is not the path of {row['reference_id']}"
    if row["verified_by"]:
        contents = {known[image_id][2] for image_id in row["view_ids"]}
        if known[row["verified_by"]][2] in contents:
            yield f"{row['verified_by']} verifies what was written from it"
