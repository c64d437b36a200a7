"""What is asked of a trained model before it is published, from the files themselves."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from vdata_assets.embeddings.product_vectors import ProductVectors
from vdata_assets.protocol.checkpoint import load_checkpoint
from vdata_assets.protocol.checks import BEST_BEATS_START, CHECKPOINTS_LOAD, LOSS_FELL, LOSSES_FINITE
from vdata_assets.protocol.project import project
from vdata_assets.protocol.resume import epoch_file
from vdata_assets.protocol.train import BEST, CHECKPOINTS, LOG, Trained
from vdata_assets.quality.findings import Finding

LOSSES = ("loss", "image_loss", "text_loss", "head_loss", "anchor_loss")
UNIT = 1e-3


def audit_protocol(
    trained: Trained, out: Path, vectors: ProductVectors, values: Mapping[str, Sequence[str]]
) -> list[Finding]:
    """Answer every check of ``PROTOCOL_CHECKS``, in that order, each at its default level.

    Args:
        trained: from training.
        out: the folder that it wrote.
        vectors: as given to training: every checkpoint projects all of them.
        values: likewise: what the heads must have an output for.
    """
    return [
        _losses_finite(trained),
        _loss_fell(trained),
        _checkpoints_load(trained, out, vectors, values),
        _best_beats_start(trained),
    ]


def _losses_finite(trained: Trained) -> Finding:
    wrong = [
        f"epoch {row['epoch']}: {name} is {row[name]}"
        for row in trained.log.iter_rows(named=True)
        for name in LOSSES
        if row[name] is not None and not math.isfinite(row[name])
    ]
    return LOSSES_FINITE.finding(
        f"{len(wrong)} losses of {trained.log.height} epochs are no numbers",
        wrong,
        {"epochs": trained.log.height},
    )


def _loss_fell(trained: Trained) -> Finding:
    first, last = trained.log["loss"][0], trained.log["loss"][-1]
    if trained.log.height == 1:
        return LOSS_FELL.finding(f"there is one epoch, of loss {first:.4f}: nothing to compare")
    fell = last < first
    counts = {"first": first, "last": last} if math.isfinite(first) and math.isfinite(last) else {}
    return LOSS_FELL.finding(
        f"the loss went from {first:.4f} in epoch 1 to {last:.4f} in epoch {trained.log.height}",
        [] if fell else [f"epoch {trained.log.height}: {last:.4f}, epoch 1: {first:.4f}"],
        counts,
    )


def _checkpoints_load(
    trained: Trained, out: Path, vectors: ProductVectors, values: Mapping[str, Sequence[str]]
) -> Finding:
    epochs = trained.log["epoch"].to_list()
    files = [(epoch_file(out / CHECKPOINTS, epoch), epoch) for epoch in epochs]
    faults = [
        f"{file.relative_to(out)}: {fault}"
        for file, epoch in [*files, (out / BEST, trained.best_epoch)]
        for fault in _faults(file, epoch, vectors, values)
    ]
    highest = epochs[int(np.argmax(trained.log["validation"].to_numpy()))]
    if trained.best_epoch != highest:
        faults.append(
            f"{BEST}: is of epoch {trained.best_epoch}, the highest validation is epoch {highest}'s"
        )
    if _logged(out / LOG) != epochs:
        faults.append(f"{LOG}: its lines are not of the epochs 1 to {epochs[-1]}")
    return CHECKPOINTS_LOAD.finding(
        f"{len(files) + 1} checkpoints projected {len(vectors)} products each, {len(faults)} faults",
        faults,
        {"checkpoints": len(files) + 1},
    )


def _faults(
    file: Path, epoch: int, vectors: ProductVectors, values: Mapping[str, Sequence[str]]
) -> Iterator[str]:
    """What is wrong with one file."""
    try:
        model = load_checkpoint(file, vectors.encoder)
        image = project(vectors.image, model.image, "image")
        text = project(vectors.text, model.text, "text")
    except (ValueError, OSError) as error:
        yield str(error)
        return
    if model.epoch != epoch:
        yield f"is of epoch {model.epoch}, not {epoch}"
    listed = {attribute: list(of) for attribute, of in values.items()}
    outputs = {attribute: len(weight) for attribute, (weight, _) in model.heads.items()}
    if model.values != listed or outputs != {attribute: len(of) for attribute, of in listed.items()}:
        yield f"has heads for {model.values}, not for {listed}"
    has_text = vectors.meta["has_text"].to_numpy()
    for which, lengths in (("image", _lengths(image)), ("text", _lengths(text)[has_text])):
        off = int((np.abs(lengths - 1) > UNIT).sum())
        if off:
            yield f"projects {off} {which} vectors to another length than 1"
    if _lengths(text)[~has_text].any():
        yield "projects missing texts to vectors"


def _lengths(vectors: np.ndarray) -> np.ndarray:
    """Euclidean length of every row, without a copy of all."""
    return np.sqrt(np.einsum("ij,ij->i", vectors, vectors))


def _logged(file: Path) -> list[int]:
    """The epochs that the log has a line of."""
    return [json.loads(line)["epoch"] for line in file.read_text(encoding="utf-8").splitlines()]


def _best_beats_start(trained: Trained) -> Finding:
    best = trained.log.filter(pl.col("epoch") == trained.best_epoch)["validation"][0]
    rose = best > trained.start_validation
    return BEST_BEATS_START.finding(
        f"validation is {best:.4f} in epoch {trained.best_epoch}, {trained.start_validation:.4f} before "
        "training",
        []
        if rose
        else [f"epoch {trained.best_epoch}: {best:.4f} is not above {trained.start_validation:.4f}"],
        {"best": best, "start": trained.start_validation},
    )
