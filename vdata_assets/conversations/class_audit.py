"""Audits of classed images and of their conversations, over all rows."""

import re
from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from vdata_assets.conversations import class_checks as checks
from vdata_assets.conversations.class_images import ClassCatalog
from vdata_assets.conversations.class_names import named_classes
from vdata_assets.conversations.class_settings import (
    ClassAuditSettings,
    ClassBalanceSettings,
    ClassWordingSettings,
)
from vdata_assets.conversations.class_templates import PLACEHOLDERS, ROLES
from vdata_assets.quality.findings import MAX_OFFENDERS, Check, Finding
from vdata_assets.splits.class_split_audit import largest_split
from vdata_assets.splits.settings import SplitSettings


def audit_class_images(
    catalog: ClassCatalog, balance: ClassBalanceSettings, wording: ClassWordingSettings
) -> list[Finding]:
    """Answer every check of ``CLASS_IMAGES_CHECKS``, in that order.

    Args:
        catalog: from :func:`~vdata_assets.conversations.class_images.class_images`.
        balance: its priority classes are looked for.
        wording: its names likewise.
    """
    images, misplaced = catalog.images, catalog.misplaced
    bad = images.filter(pl.col("reason").is_not_null())
    sound = images.filter(pl.col("reason").is_null())
    classes = set(images["class"])
    shared = sound.filter(pl.col("class").n_unique().over("content_hash") > 1)
    asked = {"priority_classes": balance.priority_classes, "names": list(wording.names)}
    unknown = [
        f"{setting}: {name}" for setting, names in asked.items() for name in names if name not in classes
    ]
    return [
        checks.IMAGES_FOUND.finding(
            f"{sound.height} of {images.height} image files of {len(classes)} classes can be used",
            [] if sound.height else ["no image"],
            {"images": sound.height, "classes": len(classes)},
        ),
        checks.IMAGES_READABLE.finding(
            f"{bad.height} of {images.height} image files cannot be read",
            [f"{path}: {reason}" for path, reason in bad.select("path", "reason").iter_rows()],
            {"files": images.height},
        ),
        checks.IMAGES_PLACED.finding(
            f"{misplaced.height} images or folders are in no class folder; "
            f"{catalog.other_files} other files were ignored",
            [f"{path}: {problem}" for path, problem in misplaced.iter_rows()],
            {"other_files": catalog.other_files},
        ),
        checks.ONE_CLASS_EACH.finding(
            f"{shared.height} files hold {shared['content_hash'].n_unique()} pictures of more than one class",
            shared["path"],
        ),
        checks.CLASSES_KNOWN.finding(
            f"{len(unknown)} of {sum(map(len, asked.values()))} classes that the settings name are not there",
            unknown,
        ),
    ]


def audit_class_samples(
    samples: pl.LazyFrame,
    images: pl.DataFrame,
    splits: SplitSettings,
    wording: ClassWordingSettings,
    settings: ClassAuditSettings,
) -> list[Finding]:
    """Answer every check of ``CLASS_SAMPLES_CHECKS``, in that order; offenders are ids of samples.

    Args:
        samples: of schema ClassSamples; texts are read in a stream and not held.
        images: columns image_id, path, content_hash and reason of the catalog.
        splits: the ratios; the largest trains.
        wording: what the texts were made with.
        settings: the limits.
    """
    heads = samples.select("sample_id", "image_id", "path", "class", "split", "copy").collect()
    train = largest_split(splits)
    copied = heads.filter((pl.col("copy") > 0) & (pl.col("split") != train))["sample_id"]
    twice = heads.filter(pl.col("sample_id").is_duplicated())["sample_id"]
    return [
        checks.SAMPLE_IDS_UNIQUE.finding(
            f"{len(twice)} of {heads.height} samples share their id with another",
            twice.unique(maintain_order=True),
            {"samples": heads.height},
        ),
        _images_exist(heads, images),
        _disjoint(heads, images),
        checks.COPIES_IN_TRAINING.finding(
            f"{len(copied)} samples outside {train} are copies; {_copies(heads)} copies are in all",
            copied,
            {"copies": _copies(heads)},
        ),
        _balanced(heads.filter(pl.col("split") == train), settings.max_imbalance),
        *_texts(samples, heads["class"].unique().to_list(), wording, settings),
    ]


def _copies(heads: pl.DataFrame) -> int:
    return int((heads["copy"] > 0).sum())


def _images_exist(heads: pl.DataFrame, images: pl.DataFrame) -> Finding:
    """Samples whose image is not in the catalog under their path, or cannot be read."""
    usable = images.filter(pl.col("reason").is_null())
    lost = heads.join(usable, on=["image_id", "path"], how="anti", maintain_order="left")
    return checks.SAMPLE_IMAGES_EXIST.finding(
        f"images of {lost.height} of {heads.height} samples are not in the catalog or cannot be read",
        lost["sample_id"],
        {"images": heads["image_id"].n_unique()},
    )


def _disjoint(heads: pl.DataFrame, images: pl.DataFrame) -> Finding:
    """Samples whose picture is in another split too."""
    shown = heads.join(
        images.select("image_id", "content_hash"), on="image_id", how="left", maintain_order="left"
    )
    leaked = shown.filter(
        pl.col("content_hash").is_not_null() & (pl.col("split").n_unique().over("content_hash") > 1)
    )
    return checks.SAMPLES_DISJOINT.finding(
        f"{leaked['content_hash'].n_unique()} of {shown['content_hash'].n_unique()} pictures are in samples "
        "of more than one split",
        leaked["sample_id"],
        {"pictures": shown["content_hash"].n_unique()},
    )


def _balanced(train: pl.DataFrame, limit: float) -> Finding:
    """Classes that have too few training samples beside the largest."""
    sizes = train.group_by("class").agg(
        samples=pl.len().cast(pl.Int64), images=(pl.col("copy") == 0).sum().cast(pl.Int64)
    )
    sizes = sizes.sort("samples", "class")
    if not sizes.height:
        return checks.TRAINING_BALANCED.finding("there are no training samples")
    most = {column: int(sizes[column].max()) for column in ("samples", "images")}  # type: ignore[arg-type]
    ratios = {column: float((most[column] / sizes[column]).max()) for column in most}  # type: ignore[arg-type]
    small = sizes.filter(pl.col("samples") * limit < most["samples"])
    return checks.TRAINING_BALANCED.finding(
        f"the largest class has {ratios['samples']:.1f} times the training samples of the smallest, "
        f"{ratios['images']:.1f} times before copies; {small.height} of {sizes.height} classes are more than "
        f"{limit:g} times smaller than it",
        [f"{name}: {samples} samples of {images} images" for name, samples, images in small.iter_rows()],
        {"imbalance": round(ratios["samples"], 3), "imbalance_of_images": round(ratios["images"], 3)},
    )


def _texts(
    samples: pl.LazyFrame, classes: Sequence[str], wording: ClassWordingSettings, settings: ClassAuditSettings
) -> list[Finding]:
    """Blank or over-long texts, and placeholders in texts."""
    said = samples.select("sample_id", turn=pl.col("turns")).explode("turn").unnest("turn")
    length = pl.col("text").str.len_chars().fill_null(0)
    blank = pl.col("text").fill_null("").str.strip_chars() == ""
    bad = blank | (length > settings.max_text_length)
    left = pl.col("text").fill_null("").str.contains(_unfilled(classes, wording))
    lengths = said.select(longest=length.max(), texts=pl.len(), bad=bad.sum(), left=left.sum())
    longest, texts, n_bad, n_left = lengths.collect(engine="streaming").row(0)

    def named(check: Check, count: int, which: pl.Expr, what: str) -> Finding:
        rows = said.filter(which).head(MAX_OFFENDERS).collect(engine="streaming")
        finding = check.finding(
            f"{count} of {texts} texts {what}",
            [f"{sample_id}: {role}: {(text or '')[:80]!r}" for sample_id, role, text in rows.iter_rows()],
            {"texts": texts, "longest": longest or 0},
        )
        return replace(finding, counts=finding.counts | {"offenders": count})

    return [
        named(
            checks.TEXTS_SOUND,
            n_bad,
            bad,
            f"are blank or longer than {settings.max_text_length} characters; the longest has {longest or 0}",
        ),
        named(checks.PLACEHOLDERS_FILLED, n_left, left, "hold a placeholder of a template"),
    ]


def _unfilled(classes: Sequence[str], wording: ClassWordingSettings) -> str:
    """A pattern of placeholders, but for those that a class is named by or a template means literally."""
    names = [text for one in named_classes(classes, wording).names for text in (one.name, one.plural or "")]
    literal = [template.literal for role in ROLES for template in wording.templates(role)]
    meant = "\n".join([*names, *literal, *wording.subject_values().values()])
    looked_for = [name for name in sorted(PLACEHOLDERS) if f"{{{name}}}" not in meant]
    return rf"\{{(?:{'|'.join(map(re.escape, looked_for))})\}}" if looked_for else r"\z."
