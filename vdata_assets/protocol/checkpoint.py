"""A trained model as one file: projections and heads as plain tensors, and what they belong to."""

import io
import json
import lzma
import os
import pickle
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vdata_assets.protocol.settings import ProtocolSettings
from vdata_resources.store import durable

FORMAT = "vdata protocol checkpoint"
VERSION = 1
# What torch and zipfile raise for files that are damaged, or that torch did not write.
_UNREADABLE = (
    RuntimeError,
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    ArithmeticError,
    EOFError,
    OSError,
    lzma.LZMAError,
    zlib.error,
    pickle.UnpicklingError,
    zipfile.BadZipFile,
)


class WrongEncoder(ValueError):  # noqa: N818 - it describes the vectors
    """The checkpoint was trained on the vectors of another encoder."""


@dataclass(frozen=True)
class Checkpoint:
    """The model after an epoch.

    Attributes:
        encoder: whose vectors it was trained on; ``ProductVectors.encoder``.
        epoch: from 1.
        settings: with which it was trained.
        values: the values of each attribute, in the order of its head's outputs.
        image: (p, d) float32: a projected image vector is ``image @ vector``, L2-normalised.
        text: (q, t) float32, likewise.
        heads: by attribute the weights (values, p) and biases (values,) over projected image vectors.
    """

    encoder: str
    epoch: int
    settings: ProtocolSettings
    values: dict[str, list[str]]
    image: NDArray[np.float32]
    text: NDArray[np.float32]
    heads: dict[str, tuple[NDArray[np.float32], NDArray[np.float32]]]


class _Header(BaseModel):
    """The part of a file that is no tensor."""

    model_config = ConfigDict(extra="forbid")

    encoder: str
    epoch: int = Field(ge=1)
    settings: ProtocolSettings
    values: dict[str, list[str]]


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint: whole or not at all, and the same bytes for the same model."""
    header = {
        "encoder": checkpoint.encoder,
        "epoch": checkpoint.epoch,
        "settings": checkpoint.settings.model_dump(mode="json"),
        "values": checkpoint.values,
    }
    # Read back from text: pickle tells one string that is there twice from two equal ones.
    plain = json.loads(json.dumps(header))
    tensors = {"image": _tensor(checkpoint.image), "text": _tensor(checkpoint.text)}
    heads = {
        attribute: {"weight": _tensor(weight), "bias": _tensor(bias)}
        for attribute, (weight, bias) in zip(plain["values"], checkpoint.heads.values(), strict=True)
    }
    write_saved(path, {"format": FORMAT, "version": VERSION, "header": plain, **tensors, "heads": heads})


def load_checkpoint(path: Path, encoder: str) -> Checkpoint:
    """Read a checkpoint for the vectors of an encoder.

    Raises:
        WrongEncoder: it was trained on the vectors of another encoder.
        ValueError: the file is damaged, of another format or version, or says what cannot be.
        FileNotFoundError: there is none.
    """
    saved = read_saved(path)
    if saved.get("format") != FORMAT:
        raise ValueError(f"{path}: is no {FORMAT}: its format is {saved.get('format')!r}")
    if saved.get("version") != VERSION:
        raise ValueError(
            f"{path}: is of format version {saved.get('version')!r}, this program reads {VERSION}: use the "
            "program that wrote it, or train again"
        )
    try:
        header = _Header.model_validate(saved.get("header"))
    except ValidationError as error:
        raise ValueError(f"{path}: header: {error}") from error
    if header.encoder != encoder:
        raise WrongEncoder(
            f"{path}: was trained on vectors of {header.encoder!r}, and these are of {encoder!r}: give it "
            "vectors of its own encoder, or train a checkpoint on these"
        )
    image, text = _array(path, saved, "image", 2), _array(path, saved, "text", 2)
    heads = saved.get("heads")
    if not isinstance(heads, dict) or list(heads) != list(header.values):
        raise ValueError(f"{path}: heads are not of the attributes {list(header.values)}")
    read = {}
    for attribute, listed in header.values.items():
        head = heads[attribute] if isinstance(heads[attribute], dict) else {}
        weight = _array(path, head, "weight", 2, of=f"heads.{attribute}.")
        bias = _array(path, head, "bias", 1, of=f"heads.{attribute}.")
        if weight.shape != (len(listed), len(image)) or bias.shape != (len(listed),):
            raise ValueError(
                f"{path}: heads.{attribute}: {weight.shape} weights and {bias.shape} biases for "
                f"{len(listed)} values over vectors of length {len(image)}"
            )
        read[attribute] = (weight, bias)
    return Checkpoint(header.encoder, header.epoch, header.settings, header.values, image, text, read)


def write_saved(path: Path, content: dict[str, Any]) -> None:
    """Write tensors and plain values so that a reader sees the old file or the whole new one, ever after."""
    import torch

    # Through memory: torch writes the file's name into the file, and equal models shall be equal bytes.
    buffer = io.BytesIO()
    torch.save(content, buffer)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.part")
    durable.write(temporary, buffer.getvalue())
    os.replace(temporary, path)
    durable.sync(path.parent)


def read_saved(path: Path) -> dict[str, Any]:
    """Read what :func:`write_saved` wrote, tensors and plain values only, to the CPU. Runs no code in it.

    Raises:
        ValueError: the file is damaged or not of this kind.
        FileNotFoundError: there is none.
    """
    import torch

    # Read before it is parsed: an error of the disk is none of the file.
    content = io.BytesIO(path.read_bytes())
    try:
        # Torch does not compare checksums: a flipped bit in a tensor would go unseen.
        with zipfile.ZipFile(content) as archive:
            broken = archive.testzip()
        if broken is not None:
            raise zipfile.BadZipFile(f"{broken} has another checksum")
        content.seek(0)
        saved = torch.load(content, map_location="cpu", weights_only=True)
    except _UNREADABLE as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(f"{path}: is damaged or no {FORMAT}: {reason}") from error
    if not isinstance(saved, dict):
        raise ValueError(f"{path}: is no {FORMAT}: it holds a {type(saved).__name__}")
    return saved


def _tensor(array: NDArray[np.float32]) -> Any:
    import torch

    # A copy: torch saves all memory that an array is a view of.
    return torch.from_numpy(np.array(array, np.float32, order="C", copy=True))


def _array(path: Path, saved: dict[str, Any], name: str, axes: int, of: str = "") -> NDArray[np.float32]:
    """A tensor of the file as an array.

    Raises:
        ValueError: it is missing, of another kind or shape, or not finite.
    """
    import torch

    tensor = saved.get(name)
    if not isinstance(tensor, torch.Tensor) or tensor.dtype != torch.float32 or tensor.ndim != axes:
        raise ValueError(f"{path}: {of}{name} is no float32 tensor of {axes} axes")
    array: NDArray[np.float32] = tensor.contiguous().numpy()
    if not np.isfinite(array).all():
        raise ValueError(f"{path}: {of}{name} holds values that are no numbers: training failed; see its log")
    return array
