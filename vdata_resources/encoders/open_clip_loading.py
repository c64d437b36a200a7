"""How an OpenCLIP model comes into memory, and every way in which it cannot."""

import difflib
import json
import os
import pickle
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import xxhash
from PIL import Image

from vdata_resources.devices import Device
from vdata_resources.encoders.protocol import EncoderUnavailable
from vdata_resources.library_versions import library_versions

if TYPE_CHECKING:
    import torch

Precision = Literal["auto", "fp32", "bf16"]

SELF_CONTAINED = ("hf-hub:", "local-dir:")  # names that open_clip resolves to configuration and weights
CHECKPOINT_SUFFIXES = frozenset({".bin", ".npz", ".pt", ".pth", ".safetensors"})
DEFINITION = 1  # raise it with any change on this side that moves a vector


@dataclass(frozen=True)
class LoadedModel:
    """A model ready to encode.

    Attributes:
        module: open_clip's model, in evaluation mode.
        device: ``cpu`` or ``cuda``.
        dtype: of the model's image input.
        dim: length of a vector.
        min_side: pixels that the shorter side of an image must keep for the model's input.
        geometry: open_clip's own resizing and cropping: an RGB image to (height, width, 3) uint8.
        mean: of open_clip's own normalisation, (3, 1, 1) float32.
        std: of open_clip's own normalisation, (3, 1, 1) float32.
        identity: changes whenever the vectors could.
    """

    module: Any
    device: str
    dtype: "torch.dtype"
    dim: int
    min_side: int
    geometry: Callable[[Image.Image], npt.NDArray[np.uint8]]
    mean: "torch.Tensor"
    std: "torch.Tensor"
    identity: str


def load_model(model: str, pretrained: str | None, device: Device, precision: Precision) -> LoadedModel:
    """Load a model and its weights; see :class:`~vdata_resources.encoders.open_clip.OpenClipEncoder`.

    Raises:
        ValueError: no such model or tag.
        EncoderUnavailable: no GPU, no checkpoint, no hub, or weights of another model.
    """
    import open_clip
    import torch

    device = _device(device)
    precision = ("bf16" if device == "cuda" else "fp32") if precision == "auto" else precision
    _require_weights(model, pretrained)
    # The activation that a tag's weights were trained with; open_clip only warns when the model has another.
    quick_gelu = bool(open_clip.get_pretrained_cfg(model, pretrained or "").get("quick_gelu"))
    try:
        module, _, preprocess = open_clip.create_model_and_transforms(
            model,
            pretrained,
            precision=precision,
            device=device,
            force_quick_gelu=quick_gelu,
            require_pretrained=True,
        )
    except _unloadable() as error:
        raise EncoderUnavailable(_why_not_loaded(model, pretrained, error)) from error
    module.eval()

    *geometry, _to_tensor, normalize = preprocess.transforms
    sizes = module.visual.preprocess_cfg["size"]
    return LoadedModel(
        module=module,
        device=device,
        dtype=torch.bfloat16 if precision == "bf16" else torch.float32,
        dim=_dim(model),
        min_side=max(sizes) if isinstance(sizes, tuple | list) else int(sizes),
        geometry=lambda image: _applied(geometry, image),
        mean=torch.tensor(normalize.mean, device=device).view(3, 1, 1),
        std=torch.tensor(normalize.std, device=device).view(3, 1, 1),
        identity=_identity(model, module, quick_gelu, precision, device),
    )


def is_path(pretrained: str) -> bool:
    """Whether the setting means a local checkpoint; a hub tag has neither slashes nor a file's suffix."""
    return (
        os.sep in pretrained or Path(pretrained).suffix in CHECKPOINT_SUFFIXES or os.path.exists(pretrained)
    )


def _device(device: Device) -> Literal["cpu", "cuda"]:
    import torch

    if device == "cpu":
        return "cpu"
    if torch.cuda.is_available():
        return "cuda"
    if device == "cuda":
        raise EncoderUnavailable(
            "device: 'cuda' is set but torch finds no CUDA GPU: set 'auto' or 'cpu', or run on a GPU machine"
        )
    return "cpu"


def _require_weights(model: str, pretrained: str | None) -> None:
    import open_clip

    if model.startswith(SELF_CONTAINED):
        return
    if open_clip.get_model_config(model) is None:
        close = difflib.get_close_matches(model, open_clip.list_models(), n=3, cutoff=0.4)
        raise ValueError(
            f"model: open_clip has no model {model!r}; close to it are {', '.join(close) or 'none'}"
        )
    if pretrained is None:
        raise ValueError(f"pretrained: {model} needs a hub tag or the path of a local checkpoint")
    if is_path(pretrained):
        if not os.path.isfile(pretrained):
            raise EncoderUnavailable(
                f"pretrained: no checkpoint at {pretrained}: correct the path, or set a hub tag of {model}"
            )
        return
    tags = open_clip.list_pretrained_tags_by_model(model)
    if pretrained not in tags:
        raise ValueError(
            f"pretrained: {pretrained!r} is no tag of {model} (tags: {', '.join(tags) or 'none'}) "
            "and no path of a checkpoint"
        )


def _why_not_loaded(model: str, pretrained: str | None, error: BaseException) -> str:
    if isinstance(error, pickle.UnpicklingError):  # torch's own text recommends unsafe loading
        cause = "it holds more than plain weights"
    else:
        cause = (str(error) or type(error).__name__).splitlines()[0]
    if pretrained is not None and is_path(pretrained):
        return (
            f"pretrained: {pretrained} holds no weights of {model} that can be loaded: {cause}; "
            "set the model that the checkpoint belongs to, or another checkpoint"
        )
    setting, source = ("model", model) if pretrained is None else ("pretrained", f"{pretrained!r} of {model}")
    return (
        f"{setting}: {source} cannot be fetched or loaded: {cause}; "
        "connect to the hub once so that it is cached, or set the path of a local checkpoint"
    )


def _unloadable() -> tuple[type[Exception], ...]:
    """What torch, safetensors and open_clip raise for files that are no weights of the model, or damaged."""
    from safetensors import SafetensorError

    decoding = (ArithmeticError, AttributeError, EOFError, LookupError, TypeError, ValueError, struct.error)
    loading = (AssertionError, OSError, RuntimeError, StopIteration, pickle.UnpicklingError, SafetensorError)
    return decoding + loading


def _applied(geometry: list[Callable[[Any], Any]], image: Image.Image) -> npt.NDArray[np.uint8]:
    for step in geometry:
        image = step(image)
    return np.asarray(image)


def _dim(model: str) -> int:
    import open_clip

    return int(open_clip.get_model_config(model)["embed_dim"])


def _identity(model: str, module: Any, quick_gelu: bool, precision: str, device: str) -> str:
    preprocessing = json.dumps(module.visual.preprocess_cfg, sort_keys=True).encode()
    facts = {
        "definition": DEFINITION,
        "model": model,
        "quick_gelu": quick_gelu,
        "weights": weights_digest(module),
        "preprocessing": xxhash.xxh3_64_hexdigest(preprocessing),
        "precision": precision,
        "device": device,
    }
    said = " ".join(f"{name}={value}" for name, value in facts.items())
    return f"OpenClipEncoder {said} {library_versions('open_clip_torch', 'pillow', 'torch', 'torchvision')}"


def weights_digest(module: Any) -> str:
    """xxh3-128 over names, types, shapes and bytes of all weights: 32 hex digits."""
    import torch

    digest = xxhash.xxh3_128()
    for name, tensor in sorted(module.state_dict().items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()
