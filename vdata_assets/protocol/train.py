"""Train linear projections and attribute heads over frozen vectors."""

import json
import math
import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from vdata_assets.catalog.catalog_json import write_json
from vdata_assets.embeddings.product_vectors import ProductVectors
from vdata_assets.protocol.checkpoint import save_checkpoint
from vdata_assets.protocol.resume import (
    History,
    State,
    epoch_file,
    file_digest,
    inputs_digest,
    load_state,
    save_state,
)
from vdata_assets.protocol.schema import TrainLog
from vdata_assets.protocol.settings import ProtocolSettings
from vdata_assets.protocol.training_data import training_data, training_pairs
from vdata_resources.progress import Progress

if TYPE_CHECKING:
    from vdata_assets.protocol.epochs import Epochs
    from vdata_assets.protocol.validation import Validation

CHECKPOINTS = "checkpoints"
BEST = "best.pt"
LOG = "train_log.jsonl"
CONFIG = "config.json"
MATCH = ":match@10"


@dataclass(frozen=True)
class Trained:
    """A finished training.

    Attributes:
        log: of schema TrainLog, with ``<facet>:match@10`` beside it.
        best_epoch: the first of those with the highest validation; ``best.pt`` is its checkpoint.
        start_validation: validation of the untrained projections.
        start_facets: each facet's match@10 of these; None if it cannot be measured.
    """

    log: pl.DataFrame
    best_epoch: int
    start_validation: float
    start_facets: dict[str, float | None]


def train(
    vectors: ProductVectors,
    pairs: pl.DataFrame,
    values: Mapping[str, Sequence[str]],
    settings: ProtocolSettings,
    out: Path,
    scratch: Path,
    log: Callable[[str], object],
) -> Trained:
    """Train, and write ``checkpoints/epoch_N.pt``, ``best.pt``, ``train_log.jsonl`` and ``config.json``.

    After every epoch the whole state goes to ``scratch``. A later call with the same inputs goes on after the
    last whole epoch and writes the same bytes as a training that was never stopped, on the same kind of
    machine with any number of cores. Delete ``scratch`` once ``out`` is published.

    Training ends early at an epoch whose loss is no number.

    Args:
        vectors: products of the splits train and validation, at least. Only pairs of split train are trained;
            the products of split validation choose the best epoch.
        pairs: of schema Pairs.
        values: by attribute all its values, in order: as many outputs as its head has.
        settings: all.
        out: an existing folder; files of an earlier training in it are replaced.
        scratch: a folder for the state of this training alone; made if missing.
        log: where progress goes, and a line an epoch.

    Raises:
        ValueError: pairs, values or products do not fit; see :func:`training_data` and ``Validation``.
        DeviceUnavailable: ``device`` is cuda and there is no GPU.
    """
    from vdata_assets.protocol.epochs import Epochs, one_torch_thread, training_device
    from vdata_assets.protocol.validation import Validation, mean_match

    device = training_device(settings.device)
    data = training_data(vectors, pairs, values, settings)
    with one_torch_thread():
        epochs = Epochs(vectors, data, values, settings, device)
        validation = Validation(vectors, epochs.data.image, settings)
        inputs = inputs_digest(vectors, pairs, values, settings)
        state = load_state(scratch, inputs, log)
        if state is None:
            history = History(start=validation.measure(epochs.model.image))
        else:
            history = state.history
            epochs.load_state_dict(state.epochs)
        _restore(history, out, scratch)
        start = mean_match(history.start)
        left = settings.epochs - len(history.rows)
        progress = Progress("train", left * len(data.a), "pairs", log)
        while not _over(history, settings):
            _train_epoch(epochs, validation, history, progress)
            epoch = len(history.rows)
            save_checkpoint(epoch_file(scratch, epoch), epochs.checkpoint(epoch))
            history.checkpoints.append(file_digest(epoch_file(scratch, epoch)))
            save_state(scratch, inputs, State(history, epochs.state_dict()))
            _publish(history.rows[-1], out, scratch)
            log(_line(history.rows[-1], settings.epochs, start))
    table = _table(history)
    best = table.filter(pl.col("validation") == pl.col("validation").max())["epoch"][0]
    trained = Trained(table, best, start, history.start)
    shutil.copyfile(epoch_file(out / CHECKPOINTS, best), out / BEST)
    write_json(out / CONFIG, _config(trained, vectors, pairs, epochs))
    return trained


def _over(history: History, settings: ProtocolSettings) -> bool:
    """Whether all epochs are trained, or the last one's loss is no number."""
    rows = history.rows
    return len(rows) == settings.epochs or (bool(rows) and not math.isfinite(rows[-1]["loss"]))


def _train_epoch(epochs: "Epochs", validation: "Validation", history: History, progress: Progress) -> None:
    """Train one epoch, measure it, and add its row."""
    from vdata_assets.protocol.validation import mean_match

    row = epochs.train(len(history.rows) + 1, progress.advance)
    if math.isfinite(row["loss"]):
        facets = validation.measure(epochs.model.image)
        row["validation"] = mean_match(facets)
    else:
        facets = dict.fromkeys(history.start)
        row["validation"] = 0.0
    history.rows.append(row | {f"{facet}{MATCH}": value for facet, value in facets.items()})


def _restore(history: History, out: Path, scratch: Path) -> None:
    """Empty what an earlier training left in ``out``, and put there what this one has done so far."""
    shutil.rmtree(out / CHECKPOINTS, ignore_errors=True)
    (out / CHECKPOINTS).mkdir()
    scratch.mkdir(parents=True, exist_ok=True)
    (out / LOG).write_bytes(b"")
    for row in history.rows:
        _publish(row, out, scratch)


def _publish(row: dict[str, Any], out: Path, scratch: Path) -> None:
    """Put an epoch's line and checkpoint into ``out``."""
    epoch = row["epoch"]
    shutil.copyfile(epoch_file(scratch, epoch), epoch_file(out / CHECKPOINTS, epoch))
    # JSON has no NaN: a reader that is strict would refuse the line.
    finite = {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in row.items()
    }
    with (out / LOG).open("a", encoding="utf-8") as file:
        file.write(json.dumps(finite, ensure_ascii=False, allow_nan=False) + "\n")


def _line(row: dict[str, Any], epochs: int, start: float) -> str:
    return (
        f"train: epoch {row['epoch']}/{epochs}: loss {row['loss']:.4f}, validation {row['validation']:.4f} "
        f"({start:.4f} before training)"
    )


def _table(history: History) -> pl.DataFrame:
    """The log as a table."""
    facets = {f"{facet}{MATCH}": pl.Float64() for facet in history.start}
    table = pl.DataFrame(history.rows, schema={**TrainLog.create_empty().schema, **facets})
    TrainLog.validate(table.select(TrainLog.column_names()))
    return table


def _config(
    trained: Trained,
    vectors: ProductVectors,
    pairs: pl.DataFrame,
    epochs: "Epochs",
) -> dict[str, Any]:
    """What a person who finds the checkpoints wants to know of them."""
    kinds = Counter(training_pairs(pairs)["kind"])
    return {
        "encoder": vectors.encoder,
        "dims": {
            "image": vectors.image.shape[1],
            "text": vectors.text.shape[1],
            "projected_image": len(epochs.model.image),
            "projected_text": len(epochs.model.text),
        },
        "heads": epochs.values,
        "pairs": {kind: kinds[kind] for kind in sorted(kinds)},
        "pairs_trained_an_epoch": len(epochs.training.a),
        "validation": {
            "before_training": trained.start_validation,
            "facets_before_training": trained.start_facets,
            "best": trained.log["validation"].max(),
            "best_epoch": trained.best_epoch,
        },
        "settings": epochs.settings.model_dump(mode="json"),
    }
