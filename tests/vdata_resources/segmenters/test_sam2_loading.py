"""Names of SAM2 models, settings, identity, and every checkpoint that is none."""

import os
import pickle
import shutil
from pathlib import Path

import pytest

from vdata_resources.segmenters.protocol import SegmenterUnavailable
from vdata_resources.segmenters.sam2 import Sam2Segmenter
from vdata_resources.segmenters.sam2_configs import CONFIGS, config_named

PUBLISHED = "set the path of sam2.1_hiera_tiny.pt, which the project facebookresearch/sam2 publishes"


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("sam2.1_hiera_l.yaml", "sam2.1_hiera_l.yaml"),
        ("sam2_hiera_s.yaml", "sam2_hiera_s.yaml"),
        ("sam2_hiera_l.yaml", "sam2_hiera_l.yaml"),
        ("sam2.1_hiera_l", "sam2.1_hiera_l.yaml"),
        ("sam2.1_hiera_large", "sam2.1_hiera_l.yaml"),
        ("sam2.1_hiera_large.yaml", "sam2.1_hiera_l.yaml"),
        ("sam2.1_hiera_b+", "sam2.1_hiera_b+.yaml"),
        ("sam2_hiera_base_plus", "sam2_hiera_b+.yaml"),
        ("facebook/sam2.1-hiera-base-plus", "sam2.1_hiera_b+.yaml"),
        ("sam2-hiera-tiny", "sam2_hiera_t.yaml"),
        ("configs/sam2.1/sam2.1_hiera_t.yaml", "sam2.1_hiera_t.yaml"),
        ("configs/sam2/sam2_hiera_b+.yaml", "sam2_hiera_b+.yaml"),
        ("tiny", "sam2.1_hiera_t.yaml"),
        ("small", "sam2.1_hiera_s.yaml"),
        ("base_plus", "sam2.1_hiera_b+.yaml"),
        ("large", "sam2.1_hiera_l.yaml"),
    ],
)
def test_a_model_goes_by_many_names(name, file):
    assert config_named(name).name == file


@pytest.mark.parametrize(
    "name", ["", "huge", "sam2.1_hiera_x.yaml", "configs/sam2/sam2.1_hiera_l.yaml", "SMALL"]
)
def test_an_unknown_model_is_refused_with_the_list(name):
    with pytest.raises(ValueError, match=r"^segmenter\.config: ") as caught:
        Sam2Segmenter(name, "x.pt")
    assert str(caught.value) == (
        f"segmenter.config: {name!r} is no SAM2 model: set one of "
        "sam2.1_hiera_t.yaml, sam2.1_hiera_s.yaml, sam2.1_hiera_b+.yaml, sam2.1_hiera_l.yaml, "
        "sam2_hiera_t.yaml, sam2_hiera_s.yaml, sam2_hiera_b+.yaml, sam2_hiera_l.yaml, "
        "or for SAM 2.1 just tiny, small, base_plus, large"
    )


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.name)
def test_the_table_of_models_says_what_the_package_says(config):
    import inspect

    import sam2
    from omegaconf import OmegaConf
    from sam2.modeling.backbones.hieradet import Hiera

    model = OmegaConf.load(Path(sam2.__path__[0]) / config.path).model
    default = inspect.signature(Hiera).parameters
    trunk = model.image_encoder.trunk
    assert trunk.get("embed_dim", default["embed_dim"].default) == config.embed_dim
    assert sum(trunk.get("stages", default["stages"].default)) == config.blocks
    assert bool(model.get("no_obj_embed_spatial")) == (config.version == "2.1")


def test_the_table_of_models_names_the_published_weights():
    from sam2.build_sam import HF_MODEL_ID_TO_FILENAMES

    for name, files in HF_MODEL_ID_TO_FILENAMES.items():
        assert (config_named(name).path, config_named(name).weights) == files
    assert len(HF_MODEL_ID_TO_FILENAMES) == len(CONFIGS)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"device": "gpu"}, "segmenter.device: 'gpu' is none of auto, cpu, cuda"),
        ({"precision": "fp8"}, "segmenter.precision: 'fp8' is none of auto, fp32, bf16"),
        ({"points_per_side": 0}, "segmenter.points_per_side: 0 is not a positive number of points"),
        ({"points_per_batch": -1}, "segmenter.points_per_batch: -1 is not a positive number of points"),
        ({"pred_iou_threshold": 1.5}, "segmenter.pred_iou_threshold: 1.5 is not between 0 and 1"),
        ({"stability_threshold": -0.1}, "segmenter.stability_threshold: -0.1 is not between 0 and 1"),
        ({"box_nms_threshold": float("nan")}, "segmenter.box_nms_threshold: nan is not between 0 and 1"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_settings_that_are_never_right_are_refused_at_once(settings, message):
    with pytest.raises(ValueError, match=r"^segmenter\.") as caught:
        Sam2Segmenter("tiny", "x.pt", **settings)
    assert str(caught.value) == message


def test_the_identity_says_all_that_makes_the_masks(sam2_checkpoint):
    identity = Sam2Segmenter("tiny", sam2_checkpoint, device="cpu", points_per_side=8).identity
    assert identity.startswith("Sam2Segmenter definition=1 config=sam2.1_hiera_t.yaml weights=")
    for fact in (
        "points_per_side=8",
        "points_per_batch=auto",
        "pred_iou_threshold=0.8",
        "stability_threshold=0.95",
        "box_nms_threshold=0.7",
        "precision=fp32",
        "device=cpu",
        "sam2=1.1.0",
        "torch=",
    ):
        assert fact in identity


@pytest.mark.parametrize(
    "change",
    [
        {"config": "small"},
        {"precision": "bf16"},
        {"points_per_side": 16},
        {"points_per_batch": 8},
        {"pred_iou_threshold": 0.7},
        {"stability_threshold": 0.9},
        {"box_nms_threshold": 0.6},
    ],
    ids=lambda change: next(iter(change)),
)
def test_the_identity_changes_with_every_setting(sam2_checkpoint, change):
    usual = {"config": "tiny", "checkpoint": sam2_checkpoint, "device": "cpu"}
    assert Sam2Segmenter(**usual | change).identity != Sam2Segmenter(**usual).identity


def test_the_identity_is_of_the_checkpoints_content_wherever_it_lies(sam2_checkpoint, tmp_path):
    copy, other = tmp_path / "copy.pt", tmp_path / "other.pt"
    shutil.copy(sam2_checkpoint, copy)
    other.write_bytes(sam2_checkpoint.read_bytes() + b"\0")
    usual, same, changed = (
        Sam2Segmenter(name, path, device="cpu").identity
        for name, path in (("tiny", sam2_checkpoint), ("sam2.1_hiera_t", str(copy)), ("tiny", other))
    )
    assert usual == same
    assert usual != changed


@pytest.mark.parametrize("ask", [lambda segmenter: segmenter.identity, lambda segmenter: segmenter._loaded])
@pytest.mark.parametrize("path", ["gone.pt", "."])
def test_a_missing_checkpoint_is_an_error_that_says_where_to_get_it(tmp_path, ask, path):
    segmenter = Sam2Segmenter("sam2_hiera_s.yaml", tmp_path / path, device="cpu")
    with pytest.raises(SegmenterUnavailable) as caught:
        ask(segmenter)
    assert str(caught.value) == (
        f"segmenter.checkpoint: no file at {tmp_path / path}: set the path of sam2_hiera_small.pt, "
        "the weights of sam2_hiera_s.yaml, which the project facebookresearch/sam2 publishes"
    )


def test_a_gpu_that_is_not_there_is_an_error_that_names_the_setting(sam2_checkpoint, monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(SegmenterUnavailable) as caught:
        _ = Sam2Segmenter("tiny", sam2_checkpoint, device="cuda").identity
    assert str(caught.value) == (
        "segmenter.device: 'cuda' is set but torch finds no CUDA GPU: set 'auto' or 'cpu', "
        "or run on a GPU machine"
    )


def test_auto_takes_the_gpu_in_bf16_and_else_the_cpu_in_fp32(sam2_checkpoint, monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert "precision=bf16 device=cuda" in Sam2Segmenter("tiny", sam2_checkpoint).identity
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert "precision=fp32 device=cpu" in Sam2Segmenter("tiny", sam2_checkpoint).identity


class Code:
    """What must never be run by reading a checkpoint."""

    def __reduce__(self):
        return print, ("run",)


def saved(content):
    def write(path, checkpoint):
        import torch

        torch.save(content, path)

    return write


DAMAGED = "it is damaged or holds more than plain weights"
NO_MODEL = "not a dict with the weights under 'model'"
NO_CHECKPOINTS = {
    "empty": (lambda path, _: path.write_bytes(b""), DAMAGED),
    "text": (lambda path, _: path.write_text("weights"), DAMAGED),
    "pickled code": (lambda path, _: path.write_bytes(pickle.dumps(Code(), protocol=2)), DAMAGED),
    "saved code": (saved(Code()), DAMAGED),
    "cut": (lambda path, checkpoint: path.write_bytes(checkpoint.read_bytes()[:50_000]), DAMAGED),
    "list": (saved([1]), f"it holds a list, {NO_MODEL}"),
    "nothing": (saved({}), f"it holds a dict of nothing, {NO_MODEL}"),
    "others": (saved(dict.fromkeys("abcd", 1)), f"it holds a dict of a, b, c, ..., {NO_MODEL}"),
    "no dict": (saved({"model": [1]}), f"it holds a dict of model, {NO_MODEL}"),
    "no tensors": (saved({"model": {"a": 1, "b": "c"}}), "a, b under 'model' are no tensors"),
}


@pytest.mark.parametrize(("write", "cause"), NO_CHECKPOINTS.values(), ids=NO_CHECKPOINTS)
def test_a_file_that_is_no_checkpoint_is_an_error_that_says_why(
    sam2_checkpoint, tmp_path, capfd, write, cause
):
    path = tmp_path / "weights.pt"
    write(path, sam2_checkpoint)
    with pytest.raises(SegmenterUnavailable) as caught:
        _ = Sam2Segmenter("tiny", path, device="cpu")._loaded
    assert str(caught.value) == f"segmenter.checkpoint: {path} is no SAM2 checkpoint: {cause}; {PUBLISHED}"
    assert "run" not in capfd.readouterr().out


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_checkpoint_that_may_not_be_read_is_an_error_that_says_so(tmp_path):
    path = tmp_path / "weights.pt"
    path.touch(mode=0)
    with pytest.raises(SegmenterUnavailable) as caught:
        _ = Sam2Segmenter("tiny", path, device="cpu").identity
    assert str(caught.value) == (
        f"segmenter.checkpoint: {path} cannot be read: Permission denied: make it readable"
    )


def without(*names):
    return lambda shapes: {name: shape for name, shape in shapes.items() if name not in names}


MISFITS = {
    "another size": (
        "small",
        dict,
        "sam2.1_hiera_s.yaml: 50 weights missing (image_encoder.trunk.blocks.12.norm1.weight, "
        "image_encoder.trunk.blocks.12.norm1.bias, image_encoder.trunk.blocks.12.attn.qkv.weight, ...); "
        "2 weights unexpected (image_encoder.trunk.blocks.10.proj.weight, "
        "image_encoder.trunk.blocks.10.proj.bias); 22 weights of another shape ("
        "image_encoder.trunk.blocks.10.attn.qkv.weight [2304, 384] instead of [1152, 384], "
        "image_encoder.trunk.blocks.10.attn.qkv.bias [2304] instead of [1152], "
        "image_encoder.trunk.blocks.10.attn.proj.weight [768, 768] instead of [384, 384], ...); "
        "its weights look like sam2.1_hiera_t.yaml: set that, or the path of sam2.1_hiera_small.pt",
    ),
    "another version": (
        "sam2_hiera_t",
        dict,
        "sam2_hiera_t.yaml: 3 weights unexpected (no_obj_embed_spatial, obj_ptr_tpos_proj.weight, "
        "obj_ptr_tpos_proj.bias); its weights look like sam2.1_hiera_t.yaml: set that, "
        "or the path of sam2_hiera_tiny.pt",
    ),
    "some gone": (
        "tiny",
        without("no_mem_embed", "maskmem_tpos_enc"),
        f"sam2.1_hiera_t.yaml: 2 weights missing (maskmem_tpos_enc, no_mem_embed); {PUBLISHED}",
    ),
    "another model": (
        "tiny",
        lambda shapes: {"conv.weight": (3, 3)},
        "sam2.1_hiera_t.yaml: 471 weights missing (maskmem_tpos_enc, no_mem_embed, no_mem_pos_enc, ...); "
        f"1 weights unexpected (conv.weight); {PUBLISHED}",
    ),
    "another shape": (
        "tiny",
        lambda shapes: shapes | {"no_mem_embed": (1, 1, 7)},
        "sam2.1_hiera_t.yaml: 1 weights of another shape (no_mem_embed [1, 1, 7] instead of [1, 1, 256]); "
        f"{PUBLISHED}",
    ),
}


@pytest.mark.parametrize(("config", "change", "misfit"), MISFITS.values(), ids=MISFITS)
def test_weights_of_another_model_are_an_error_that_says_which_keys(
    sam2_reference, tmp_path, config, change, misfit
):
    import torch

    path = tmp_path / "weights.pt"
    shapes = change({name: tensor.shape for name, tensor in sam2_reference.state_dict().items()})
    torch.save({"model": {name: torch.zeros(1).expand(shape) for name, shape in shapes.items()}}, path)
    with pytest.raises(SegmenterUnavailable) as caught:
        _ = Sam2Segmenter(config, path, device="cpu")._loaded
    assert str(caught.value) == f"segmenter.checkpoint: {path} does not fit segmenter.config {misfit}"
