"""The OpenCLIP encoder on a tiny model whose random weights lie in a local checkpoint."""

import json
import re

import numpy as np
import pytest

from vdata_resources.encoders import EncoderUnavailable, OpenClipEncoder
from vdata_resources.images import load_rgb

TINY = "vdata-test-tiny"
OTHER = "vdata-test-other"


def config(width):
    return {
        "embed_dim": 32,
        "vision_cfg": {"image_size": 64, "layers": 2, "width": width, "patch_size": 16, "head_width": 32},
        "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": width, "heads": 2, "layers": 2},
    }


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    """A folder with weights of the tiny model: two seeds, and files that are no weights of it."""
    import open_clip
    import torch

    folder = tmp_path_factory.mktemp("checkpoints")
    for name, width in ((TINY, 64), (OTHER, 96)):
        (folder / f"{name}.json").write_text(json.dumps(config(width)))
        open_clip.add_model_config(folder / f"{name}.json")
    for seed in (0, 1):
        torch.manual_seed(seed)
        torch.save(open_clip.create_model(TINY).state_dict(), folder / f"seed{seed}.pt")
    torch.save(open_clip.create_model(OTHER).state_dict(), folder / "other.pt")
    torch.save({}, folder / "nothing.pt")
    torch.save([1], folder / "list.pt")
    (folder / "empty.pt").write_bytes(b"")
    (folder / "cut.pt").write_bytes((folder / "seed0.pt").read_bytes()[:5000])
    (folder / "text.pt").write_text("not a checkpoint")
    (folder / "text.safetensors").write_text("not a checkpoint")
    return folder


@pytest.fixture(scope="module")
def encoder(checkpoints):
    return OpenClipEncoder(TINY, str(checkpoints / "seed0.pt"), device="cpu")


@pytest.fixture(scope="module")
def photos(test_data):
    return sorted(test_data("dreambooth-concepts").glob("*/*/*.jpg"))[:21]


def vectors_of(encoder, paths, workers=None):
    batches = encoder.encode_images(paths, lambda image: image.size, workers)
    return np.concatenate([batch.vectors for batch in batches])


@pytest.fixture(scope="module")
def vectors(encoder, photos):
    return vectors_of(encoder, photos, workers=1)


def test_images_become_unit_float32_vectors(encoder, vectors):
    assert vectors.shape == (21, 32) == (21, encoder.dim)
    assert vectors.dtype == np.float32
    assert np.abs(np.linalg.norm(vectors, axis=1) - 1).max() < 1e-6


def test_vectors_are_those_of_open_clip(encoder, photos, vectors, checkpoints):
    import open_clip
    import torch

    model, _, preprocess = open_clip.create_model_and_transforms(TINY, str(checkpoints / "seed0.pt"))
    with torch.inference_mode():
        inputs = torch.stack([preprocess(load_rgb(path, 64)) for path in photos])
        expected = model.eval().encode_image(inputs, normalize=True).numpy()
        texts = model.encode_text(open_clip.get_tokenizer(TINY)(["a dog", "a cup"]), normalize=True).numpy()
    assert np.abs(vectors - expected).max() <= 1e-6
    assert np.abs(encoder.encode_texts(["a dog", "a cup"]) - texts).max() <= 1e-6


def test_the_number_of_workers_changes_no_byte(encoder, photos, vectors):
    assert vectors_of(encoder, photos, workers=2).tobytes() == vectors.tobytes()


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_the_same_image_gives_the_same_vector_in_any_batch(checkpoints, photos, precision):
    tolerance = {"fp32": 1e-5, "bf16": 1e-2}[precision]
    weights = str(checkpoints / "seed0.pt")
    encoder = OpenClipEncoder(TINY, weights, "cpu", precision)
    together = vectors_of(encoder, photos)
    backwards = vectors_of(encoder, photos[::-1])[::-1]
    alone = np.concatenate([vectors_of(encoder, [path]) for path in photos[:5]])
    other_size = vectors_of(OpenClipEncoder(TINY, weights, "cpu", precision, batch_size=5), photos)
    assert np.abs(together - backwards).max() <= tolerance
    assert np.abs(together[:5] - alone).max() <= tolerance
    assert np.abs(together - other_size).max() <= tolerance


def test_bad_images_are_errors_and_the_others_keep_their_vectors(encoder, photos, vectors, tmp_path):
    paths = [tmp_path / "gone.jpg", *photos]
    batches = list(encoder.encode_images(paths, lambda image: image.mode))
    assert batches[0].errors == {0: "cannot be read: No such file or directory"}
    assert [batch.indices for batch in batches] == [list(range(1, 17)), list(range(17, 22))]
    assert {mode for batch in batches for mode in batch.inspected} == {"RGB"}
    assert np.concatenate([batch.vectors for batch in batches]).tobytes() == vectors.tobytes()


@pytest.mark.parametrize("count", [0, 1, 65])
def test_texts_become_unit_vectors_whatever_their_number(encoder, count):
    texts = [f"photo number {n}" for n in range(count)]
    vectors = encoder.encode_texts(texts)
    assert vectors.shape == (count, 32)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    if count:
        assert np.abs(vectors[-1] - encoder.encode_texts(texts[-1:])[0]).max() <= 1e-5


def test_the_identity_tells_apart_what_changes_vectors(checkpoints, encoder):
    weights = [str(checkpoints / f"seed{seed}.pt") for seed in (0, 1)]
    copy = checkpoints / "copy.pt"
    copy.write_bytes((checkpoints / "seed0.pt").read_bytes())
    assert OpenClipEncoder(TINY, str(copy), "cpu").identity == encoder.identity
    assert OpenClipEncoder(TINY, weights[0], "cpu", batch_size=3).identity == encoder.identity
    assert OpenClipEncoder(TINY, weights[1], "cpu").identity != encoder.identity
    assert OpenClipEncoder(TINY, weights[0], "cpu", "bf16").identity != encoder.identity
    for fact in (f"model={TINY}", "precision=fp32", "device=cpu", "weights=", "torch="):
        assert fact in encoder.identity


class OutOfMemory:
    """Stands in for a GPU on which only so many images fit."""

    def __init__(self, encoder, fit):
        self.tower, self.fit, self.sizes = encoder._image_tower, fit, []

    def __call__(self, pixels):
        import torch

        self.sizes.append(len(pixels))
        if len(pixels) > self.fit:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory.")
        return self.tower(pixels)


def test_the_batch_is_halved_until_it_fits_and_the_log_says_so(checkpoints, photos, vectors, monkeypatch):
    encoder, lines = OpenClipEncoder(TINY, str(checkpoints / "seed0.pt"), "cpu"), []
    tower = OutOfMemory(encoder, fit=4)
    monkeypatch.setattr(encoder, "_image_tower", tower)
    batches = list(encoder.encode_images(photos, lambda image: None, log=lines.append))
    assert tower.sizes == [16, 8, *[4] * 6]
    assert [line for line in lines if "memory" in line] == [
        "encode: 16 images do not fit into the GPU's memory, continuing with 8 a batch",
        "encode: 8 images do not fit into the GPU's memory, continuing with 4 a batch",
    ]
    assert np.abs(np.concatenate([batch.vectors for batch in batches]) - vectors).max() <= 1e-5


@pytest.mark.parametrize("batch_size", [8, None])
def test_too_little_memory_is_an_error_that_names_the_setting(checkpoints, photos, monkeypatch, batch_size):
    message = f"model: not even one image of {TINY} fits into the GPU's memory: "
    encoder = OpenClipEncoder(TINY, str(checkpoints / "seed0.pt"), "cpu", batch_size=batch_size)
    monkeypatch.setattr(encoder, "_image_tower", OutOfMemory(encoder, fit=0))
    with pytest.raises(EncoderUnavailable, match=re.escape(message)):
        list(encoder.encode_images(photos, lambda image: None))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"device": "gpu"}, "device: 'gpu' is none of auto, cpu, cuda"),
        ({"precision": "fp8"}, "precision: 'fp8' is none of auto, fp32, bf16"),
        ({"batch_size": 0}, "batch_size: 0 is not a positive number of images"),
        (
            {"model": "hf-hub:a/b", "pretrained": "openai"},
            "pretrained: hf-hub:a/b brings its own weights: leave 'openai' out",
        ),
    ],
)
def test_settings_that_are_never_right_are_refused_at_once(settings, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        OpenClipEncoder(**{"model": "ViT-B-32"} | settings)


@pytest.mark.parametrize(
    ("model", "pretrained", "message"),
    [
        ("ViT-B-33", "openai", "model: open_clip has no model 'ViT-B-33'; close to it are ViT-B-32, "),
        ("ViT-B-32", None, "pretrained: ViT-B-32 needs a hub tag or the path of a local checkpoint"),
        ("ViT-B/32", "openia", "pretrained: 'openia' is no tag of ViT-B-32 (tags: openai, laion400m_e31, "),
    ],
)
def test_unknown_models_and_tags_are_named(model, pretrained, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        _ = OpenClipEncoder(model, pretrained, "cpu").identity


@pytest.mark.parametrize(
    ("checkpoint", "message"),
    [
        ("absent.pt", "pretrained: no checkpoint at {path}: correct the path, or set a hub tag of " + TINY),
        ("other.pt", "pretrained: {path} holds no weights of " + TINY + " that can be loaded: "),
        (
            "nothing.pt",
            "pretrained: {path} holds no weights of " + TINY + " that can be loaded: StopIteration;",
        ),
        ("list.pt", "pretrained: {path} holds no weights of " + TINY + " that can be loaded: "),
        ("empty.pt", "pretrained: {path} holds no weights of " + TINY + " that can be loaded: EOFError;"),
        ("cut.pt", "pretrained: {path} holds no weights of " + TINY + " that can be loaded: "),
        ("text.pt", "pretrained: {path} holds no weights of " + TINY + " that can be loaded: "),
        ("text.safetensors", "pretrained: {path} holds no weights of " + TINY + " that can be loaded: "),
    ],
)
def test_checkpoints_that_are_none_of_the_model_are_named_before_any_image_is_read(
    checkpoints, checkpoint, message
):
    path = checkpoints / checkpoint
    with pytest.raises(EncoderUnavailable, match=re.escape(message.format(path=path))):
        next(OpenClipEncoder(TINY, str(path), "cpu").encode_images([path], lambda image: None))


def test_a_hub_that_cannot_be_reached_is_named(monkeypatch, tmp_path):
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    message = (
        r"pretrained: 'laion2b_s34b_b79k' of ViT-B-32 cannot be fetched or loaded: .*; "
        "connect to the hub once so that it is cached, or set the path of a local checkpoint"
    )
    with pytest.raises(EncoderUnavailable, match=message):
        _ = OpenClipEncoder("ViT-B-32", "laion2b_s34b_b79k", "cpu").identity


def test_a_gpu_that_is_not_there_is_named(checkpoints, monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    message = (
        "device: 'cuda' is set but torch finds no CUDA GPU: set 'auto' or 'cpu', or run on a GPU machine"
    )
    with pytest.raises(EncoderUnavailable, match=re.escape(message)):
        _ = OpenClipEncoder(TINY, str(checkpoints / "seed0.pt"), "cuda").identity
    assert "device=cpu" in OpenClipEncoder(TINY, str(checkpoints / "seed0.pt"), "auto").identity
