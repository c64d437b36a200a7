"""Audits of a shard's regions and prompts, over all rows."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl

from vdata_assets.dataengine.attempts import UNREADABLE
from vdata_assets.dataengine.checks import (
    FAMILIES_BALANCED,
    MASK_ACCEPTANCE,
    PICTURES_WITH_REGIONS,
    PROMPT_ACCEPTANCE,
    PROMPTS_SOUND,
    REGION_MASKS_VALID,
    SERVICE_ERRORS,
)
from vdata_assets.dataengine.settings import PromptSettings, RegionSettings
from vdata_assets.masks.measure import boxes
from vdata_assets.masks.read import read_compressed
from vdata_assets.masks.validate import problems_of_compressed
from vdata_assets.quality.findings import Check, Finding


def audit_regions(
    pictures: pl.DataFrame,
    proposals: pl.DataFrame,
    errors: pl.DataFrame,
    asked: int,
    settings: RegionSettings,
) -> list[Finding]:
    """Answers to the checks of ``regions``.

    Args:
        pictures: of schema WorkedPictures.
        proposals: of schema Proposals.
        errors: of schema EngineErrors.
        asked: number of questions.
        settings: bounds of acceptance and errors.
    """
    bare = pictures.filter(pl.col("regions") == 0)
    decided = proposals.filter(pl.col("initial_verdict").is_not_null())
    accepted = decided.filter(pl.col("index").is_not_null())
    return [
        _masks_valid(pictures, proposals),
        PICTURES_WITH_REGIONS.finding(
            f"{bare.height} of {pictures.height} pictures have no accepted region",
            bare["run"],
            {"pictures": pictures.height},
        ),
        _acceptance(MASK_ACCEPTANCE, "regions", accepted.height, decided.height, settings),
        service_errors(errors, asked, settings.max_error_share),
    ]


def audit_prompts(
    pictures: pl.DataFrame, prompts: pl.DataFrame, errors: pl.DataFrame, asked: int, settings: PromptSettings
) -> list[Finding]:
    """Answers to the checks of ``prompts``.

    Args:
        pictures: of schema WorkedPictures.
        prompts: of schema Prompts.
        errors: of schema EngineErrors.
        asked: number of questions.
        settings: bounds of acceptance and errors.
    """
    judged = prompts.filter(pl.col("verdict").cast(pl.String) != "ERROR")
    accepted = judged.filter(pl.col("verdict").cast(pl.String) == "ACCEPT")
    return [
        _prompts_sound(pictures, prompts),
        _acceptance(PROMPT_ACCEPTANCE, "prompts", accepted.height, judged.height, settings),
        service_errors(errors, asked, settings.max_error_share),
    ]


def service_errors(errors: pl.DataFrame, asked: int, most: float) -> Finding:
    """Questions that had no answer; files that cannot be read are no questions."""
    unanswered = unanswered_questions(errors)
    share = unanswered.height / asked if asked else 0.0
    kinds = dict(unanswered["kind"].value_counts(sort=True).sort("kind").iter_rows())
    counted = ", ".join(f"{count} {kind}" for kind, count in kinds.items()) or "none"
    offenders = [
        f"{run}, {stage}{f' of {subject!r}' if subject else ''}: {kind}, {message}"
        for run, stage, subject, kind, message in unanswered.select(
            "run", "stage", "subject", "kind", "message"
        ).iter_rows()
    ]
    return SERVICE_ERRORS.finding(
        f"{unanswered.height} of {asked} questions ({share:.1%}) had no answer: {counted}",
        offenders if share > most else [],
        {"questions": asked, "unanswered": unanswered.height, **kinds},
    )


def unanswered_questions(errors: pl.DataFrame) -> pl.DataFrame:
    """The errors that asking again may mend."""
    return errors.filter(pl.col("kind") != UNREADABLE)


def families_balanced(prompts: pl.DataFrame, least: float) -> Finding:
    """Families that write, but have less than their share of the accepted prompts.

    Args:
        prompts: columns family, negative and verdict.
        least: smallest share.
    """
    counts = (
        prompts.filter(~pl.col("negative"))
        .group_by(pl.col("family").cast(pl.String))
        .agg(
            written=pl.len(),
            accepted=(pl.col("verdict").cast(pl.String) == "ACCEPT").sum(),
        )
        .sort("family")
    )
    total = int(counts["accepted"].sum())
    rare = counts.filter(pl.col("accepted") < least * total)
    shares = ", ".join(f"{family} {accepted}" for family, _, accepted in counts.iter_rows())
    return FAMILIES_BALANCED.finding(
        f"accepted prompts by family: {shares or 'none'}",
        [
            f"{family}: {accepted} of {total}, of {written} written"
            for family, written, accepted in rare.iter_rows()
        ],
        {family: accepted for family, _, accepted in counts.iter_rows()},
    )


def _acceptance(
    check: Check, what: str, accepted: int, decided: int, settings: RegionSettings | PromptSettings
) -> Finding:
    share = accepted / decided if decided else 0.0
    inside = settings.min_acceptance <= share <= settings.max_acceptance
    return check.finding(
        f"{accepted} of {decided} {what} ({share:.1%}) are accepted; "
        f"expected: {settings.min_acceptance:.0%} to {settings.max_acceptance:.0%}",
        [] if inside or not decided else [f"{share:.1%} accepted"],
        {"accepted": accepted, "decided": decided, "share": share},
    )


def _masks_valid(pictures: pl.DataFrame, proposals: pl.DataFrame) -> Finding:
    """Accepted masks that are malformed, of another size, empty, or whose box is not theirs."""
    accepted = proposals.filter(pl.col("index").is_not_null()).join(
        pictures.select("image_id", "width", "height"), on="image_id", how="left", maintain_order="left"
    )
    heights, widths = (accepted[side].cast(pl.Int64).to_numpy() for side in ("height", "width"))
    reasons = problems_of_compressed(accepted["rle"], heights, widths)
    names = [f"{run} {index}" for run, index in accepted.select("run", "index").iter_rows()]
    bad = [f"{name}: {reason}" for name, reason in zip(names, reasons, strict=True) if reason is not None]
    sound = np.flatnonzero(reasons.is_null().to_numpy())
    measured = boxes(read_compressed(accepted["rle"][sound]).runs, heights[sound])
    stored = accepted["box"][sound].to_numpy().reshape(-1, 4)
    corners = np.concatenate([measured[:, :2], measured[:, :2] + measured[:, 2:] - 1], axis=1)
    wrong = np.flatnonzero((stored != corners).any(axis=1))
    bad += [
        f"{names[sound[row]]}: box {stored[row].tolist()} is not the mask's {corners[row].tolist()}"
        for row in wrong
    ]
    return REGION_MASKS_VALID.finding(
        f"{len(bad)} of {accepted.height} accepted masks are unsound", bad, {"masks": accepted.height}
    )


def _prompts_sound(pictures: pl.DataFrame, prompts: pl.DataFrame) -> Finding:
    """Prompts without text, or with indices that are not allowed."""
    regions = dict(pictures.select("image_id", "regions").iter_rows())
    bad = []
    for row in prompts.iter_rows(named=True):
        problem = next(_problems(row, regions.get(row["image_id"], 0)), None)
        if problem:
            bad.append(f"{row['run']} {row['family']} {row['index']}: {problem}")
    return PROMPTS_SOUND.finding(
        f"{len(bad)} of {prompts.height} prompts are unsound", bad, {"prompts": prompts.height}
    )


def _problems(row: dict[str, Any], regions: int) -> Iterator[str]:
    candidates, satisfying = set(row["candidates"]), set(row["satisfying"])
    if not str(row["prompt"]).strip():
        yield "the text is empty"
    if unknown := sorted(index for index in candidates | satisfying if index >= regions):
        yield f"regions {unknown} do not exist, the picture has {regions}"
    if row["negative"] and satisfying:
        yield f"a negative is satisfied by {sorted(satisfying)}"
    if not row["negative"] and not satisfying < candidates:
        yield f"satisfying {sorted(satisfying)} is no strict subset of candidates {sorted(candidates)}"
    if not row["negative"] and not satisfying:
        yield "no region satisfies it"
