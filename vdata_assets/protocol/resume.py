"""What a training that was killed goes on from."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from vdata_assets.embeddings.product_vectors import ProductVectors
from vdata_assets.protocol.checkpoint import VERSION, read_saved, write_saved
from vdata_assets.protocol.settings import ProtocolSettings
from vdata_assets.protocol.training_data import training_pairs

STATE = "state.pt"
DIGEST_BLOCK = 1 << 16


@dataclass
class History:
    """Whole epochs so far, as JSON can hold them.

    Attributes:
        start: each facet's match@10 before the first epoch.
        rows: of the log, one an epoch.
        checkpoints: digest of each epoch's checkpoint file.
    """

    start: dict[str, float | None]
    rows: list[dict[str, Any]] = field(default_factory=list)
    checkpoints: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class State:
    """A history, and the state of ``Epochs`` after its last epoch."""

    history: History
    epochs: dict[str, Any]


def inputs_digest(
    vectors: ProductVectors,
    pairs: pl.DataFrame,
    values: Mapping[str, Sequence[str]],
    settings: ProtocolSettings,
) -> str:
    """A digest of all that training depends on but the machine; ``device`` is left out.

    Args:
        vectors: all products.
        pairs: of schema Pairs; only those of split train matter.
        values: by attribute.
        settings: all.
    """
    digest = blake2b(digest_size=16)
    header = {
        "version": VERSION,
        "encoder": vectors.encoder,
        "settings": settings.model_dump(mode="json", exclude={"device"}),
        "values": [[attribute, list(listed)] for attribute, listed in values.items()],
        "shapes": [vectors.image.shape, vectors.text.shape],
    }
    digest.update(json.dumps(header).encode())
    for table in (vectors.meta, training_pairs(pairs)):
        digest.update(table.write_ndjson().encode())
    for array in (vectors.image, vectors.text):
        for first in range(0, len(array), DIGEST_BLOCK):
            digest.update(np.ascontiguousarray(array[first : first + DIGEST_BLOCK]).data)
    return digest.hexdigest()


def file_digest(path: Path) -> str:
    """A digest of a file's bytes."""
    return blake2b(path.read_bytes(), digest_size=16).hexdigest()


def epoch_file(folder: Path, epoch: int) -> Path:
    """Where an epoch's checkpoint is."""
    return folder / f"epoch_{epoch}.pt"


def save_state(scratch: Path, inputs: str, state: State) -> None:
    """Keep a state in place of the last one, at once.

    Args:
        scratch: where the checkpoints of its epochs are, and it goes.
        inputs: from :func:`inputs_digest`.
        state: after a whole epoch.
    """
    content = {
        "inputs": inputs,
        "history": json.dumps(vars(state.history)),
        "epochs": state.epochs,
    }
    write_saved(scratch / STATE, content)


def load_state(scratch: Path, inputs: str, log: Callable[[str], object]) -> State | None:
    """The state to go on from; None, with the reason in the log, if there is none or it does not fit.

    Args:
        scratch: as in :func:`save_state`.
        inputs: from :func:`inputs_digest`, of the inputs at hand.
        log: where it is said.
    """
    path = scratch / STATE
    if not path.exists():
        return None
    try:
        saved = read_saved(path)
    except ValueError as error:
        log(f"train: {error}; training starts anew")
        return None
    if set(saved) != {"inputs", "history", "epochs"}:
        log(f"train: {path}: holds {sorted(map(str, saved))}, no training; training starts anew")
        return None
    if saved["inputs"] != inputs:
        log(f"train: {path}: is of other settings, pairs or vectors; training starts anew")
        return None
    history = History(**json.loads(saved["history"]))
    for epoch, digest in enumerate(history.checkpoints, 1):
        file = epoch_file(scratch, epoch)
        if not file.exists() or file_digest(file) != digest:
            log(f"train: {file}: is missing or not what was written; training starts anew")
            return None
    log(f"train: goes on after epoch {len(history.rows)}, from {path}")
    return State(history, saved["epochs"])
