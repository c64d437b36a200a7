"""How a SAM2 model comes into memory, and every way in which it cannot. Importing it imports torch."""

import pickle
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import torch
import xxhash

from vdata_resources.segmenters.protocol import SegmenterUnavailable
from vdata_resources.segmenters.sam2_configs import PROJECT, Sam2Config, config_of_weights

READ_BYTES = 2**24
NAMED_KEYS = 3  # of each kind of misfit, in an error
TRUNK = "image_encoder.trunk."
ONLY_IN_2_1 = "no_obj_embed_spatial"
# What the package's own build_sam2 sets for pictures: an unstable single mask gives way to the best of three.
FOR_PICTURES = {
    "dynamic_multimask_via_stability": True,
    "dynamic_multimask_stability_delta": 0.05,
    "dynamic_multimask_stability_thresh": 0.98,
}

_LOADING = threading.Lock()


@dataclass(frozen=True, eq=False)
class LoadedSam2:
    """A model in memory, for one user at a time.

    Attributes:
        module: the package's ``SAM2Base``, in evaluation mode.
        config: which model it is.
        device: ``cpu`` or ``cuda``.
        precision: ``fp32`` or ``bf16``.
        lock: held by whoever uses it.
    """

    module: Any
    config: Sam2Config
    device: str
    precision: str
    lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """The model is the caller's: without gradients, in its precision."""
        bf16 = torch.autocast(self.device, torch.bfloat16, enabled=self.precision == "bf16")
        with self.lock, torch.inference_mode(), bf16:
            yield


def device_of(setting: str) -> Literal["cpu", "cuda"]:
    """The device that ``auto``, ``cpu`` or ``cuda`` means here.

    Raises:
        SegmenterUnavailable: a GPU is asked for and there is none.
    """
    if setting == "cpu":
        return "cpu"
    if torch.cuda.is_available():
        return "cuda"
    if setting == "cuda":
        raise SegmenterUnavailable(
            "segmenter.device: 'cuda' is set but torch finds no CUDA GPU: set 'auto' or 'cpu', "
            "or run on a GPU machine"
        )
    return "cpu"


def digest_of(checkpoint: Path, config: Sam2Config) -> str:
    """xxh3-128 of the file's bytes: 32 hex digits.

    Raises:
        SegmenterUnavailable: there is no such file, or it cannot be read.
    """
    if not checkpoint.is_file():
        raise SegmenterUnavailable(
            f"segmenter.checkpoint: no file at {checkpoint}: set the path of {config.weights}, "
            f"the weights of {config.name}, which the project {PROJECT} publishes"
        )
    digest = xxhash.xxh3_128()
    try:
        with checkpoint.open("rb") as file:
            while block := file.read(READ_BYTES):
                digest.update(block)
    except OSError as error:
        raise SegmenterUnavailable(
            f"segmenter.checkpoint: {checkpoint} cannot be read: {error.strerror}: make it readable"
        ) from error
    return digest.hexdigest()


def load_model(config: Sam2Config, checkpoint: Path, digest: str, device: str, precision: str) -> LoadedSam2:
    """The model, loaded once a process; all its users share one in memory.

    Args:
        config: which model.
        checkpoint: a file as the package's ``build_sam2`` reads it: a dict with the weights under ``model``.
        digest: of the file's bytes; another content is another model.
        device: ``cpu`` or ``cuda``.
        precision: ``fp32`` or ``bf16``.

    Raises:
        SegmenterUnavailable: no checkpoint, or one of another model, or it does not fit into memory.
    """
    with _LOADING:
        return _loaded(config, checkpoint, digest, device, precision)


@lru_cache(maxsize=1)
def _loaded(config: Sam2Config, checkpoint: Path, digest: str, device: str, precision: str) -> LoadedSam2:
    weights = _weights(config, checkpoint)
    module = _built(config)
    misfits = _misfits(weights, module.state_dict())
    if misfits:
        raise SegmenterUnavailable(
            f"segmenter.checkpoint: {checkpoint} does not fit segmenter.config {config.name}: "
            f"{'; '.join(misfits)}; {_remedy(config, weights)}"
        )
    module.load_state_dict(weights)
    try:
        module = module.to(device)
    except torch.cuda.OutOfMemoryError as error:
        raise SegmenterUnavailable(
            f"segmenter.config: the weights of {config.name} do not fit into the GPU's memory: "
            "take a smaller config, or set segmenter.device to 'cpu'"
        ) from error
    return LoadedSam2(module.eval(), config, device, precision)


def _built(config: Sam2Config) -> Any:
    """The model with random weights, as the package's ``build_sam2`` makes it.

    Not through ``build_sam2``: that asks Hydra's global state, which anybody in the process may have set.
    """
    import sam2
    from hydra.utils import instantiate
    from omegaconf import OmegaConf

    definition = OmegaConf.load(Path(sam2.__path__[0]) / config.path)
    OmegaConf.update(definition, "model.sam_mask_decoder_extra_args", FOR_PICTURES, force_add=True)
    return instantiate(definition.model, _recursive_=True, _target_whitelist_="sam2.*")


def _weights(config: Sam2Config, checkpoint: Path) -> dict[str, torch.Tensor]:
    try:
        content = torch.load(checkpoint, map_location="cpu", weights_only=True)
    except _unloadable() as error:
        # Not torch's own text, which recommends unsafe loading.
        raise _no_checkpoint(config, checkpoint, "it is damaged or holds more than plain weights") from error
    weights = content.get("model") if isinstance(content, dict) else None
    if not isinstance(weights, dict):
        held = f"a dict of {_some(content)}" if isinstance(content, dict) else f"a {type(content).__name__}"
        cause = f"it holds {held}, not a dict with the weights under 'model'"
        raise _no_checkpoint(config, checkpoint, cause)
    odd = [str(name) for name, value in weights.items() if not isinstance(value, torch.Tensor)]
    if odd:
        raise _no_checkpoint(config, checkpoint, f"{_some(odd)} under 'model' are no tensors")
    return weights


def _no_checkpoint(config: Sam2Config, checkpoint: Path, cause: str) -> SegmenterUnavailable:
    return SegmenterUnavailable(
        f"segmenter.checkpoint: {checkpoint} is no SAM2 checkpoint: {cause}; "
        f"set the path of {config.weights}, which the project {PROJECT} publishes"
    )


def _misfits(weights: dict[str, torch.Tensor], expected: dict[str, torch.Tensor]) -> list[str]:
    """What keeps the weights from being loaded, one text a kind; empty if they fit."""
    absent = [name for name in expected if name not in weights]
    surplus = [name for name in weights if name not in expected]
    reshaped = [
        f"{name} {list(weights[name].shape)} instead of {list(tensor.shape)}"
        for name, tensor in expected.items()
        if name in weights and weights[name].shape != tensor.shape
    ]
    kinds = ((absent, "missing"), (surplus, "unexpected"), (reshaped, "of another shape"))
    return [f"{len(names)} weights {kind} ({_some(names)})" for names, kind in kinds if names]


def _remedy(config: Sam2Config, weights: dict[str, torch.Tensor]) -> str:
    start = weights.get(f"{TRUNK}pos_embed")
    blocks = {name.split(".")[3] for name in weights if name.startswith(f"{TRUNK}blocks.")}
    if start is not None and start.ndim == 4:
        fitting = config_of_weights(start.shape[1], len(blocks), ONLY_IN_2_1 in weights)
        if fitting is not None and fitting != config:
            return f"its weights look like {fitting.name}: set that, or the path of {config.weights}"
    return f"set the path of {config.weights}, which the project {PROJECT} publishes"


def _some(names: Any) -> str:
    """The first few names, and that there are more."""
    listed = [str(name) for name in names]
    shown = listed[:NAMED_KEYS] + ["..."] * (len(listed) > NAMED_KEYS)
    return ", ".join(shown) or "nothing"


def _unloadable() -> tuple[type[Exception], ...]:
    """What torch raises for files that are no checkpoints, or damaged."""
    decoding = (ArithmeticError, AttributeError, EOFError, LookupError, TypeError, ValueError, struct.error)
    return (*decoding, AssertionError, OSError, RuntimeError, pickle.UnpicklingError)
