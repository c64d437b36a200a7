"""The embedded encoders find the same object again, and keep the encoders' contract."""

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from vdata_resources.encoders import DescriptorEncoder, HashedTextEncoder
from vdata_resources.perceptual_hash import perceptual_hash


def encode(paths, workers=None, inspect=perceptual_hash):
    return list(DescriptorEncoder().encode_images(paths, inspect, workers))


def vectors_of(batches):
    return np.concatenate([batch.vectors for batch in batches])


def top1_accuracy(vectors, concepts):
    """Share of images whose nearest other image shows the same concept."""
    similarity = vectors @ vectors.T
    np.fill_diagonal(similarity, -np.inf)
    return np.mean(np.array(concepts)[similarity.argmax(axis=1)] == concepts)


@pytest.mark.parametrize(
    ("folder", "pattern", "chance", "expected"),
    [
        # Photos of the same objects over differing backgrounds, light and views.
        ("dreambooth-concepts", "*/*/*.jpg", 1 / 14, 0.8),
        # Kinds of garment: other objects of other colours, alike in shape only.
        ("clothing-explicit-split", "*/*/*/*.jpg", 1 / 10, 0.15),
    ],
)
def test_the_nearest_image_shows_the_same_concept(test_data, folder, pattern, chance, expected):
    paths = sorted(test_data(folder).glob(pattern))
    concepts = [path.parent.name for path in paths]
    assert len(set(concepts)) == round(1 / chance)
    assert top1_accuracy(vectors_of(encode(paths)), concepts) >= expected


def test_vectors_are_unit_float32_and_the_same_for_any_workers_and_company(test_data):
    paths = sorted(test_data("dreambooth-concepts").glob("*/*/*.jpg"))[:40]
    alone = vectors_of(encode(paths, workers=1))
    assert alone.shape == (40, DescriptorEncoder().dim)
    assert alone.dtype == np.float32
    assert np.abs(np.linalg.norm(alone, axis=1) - 1).max() < 1e-6
    assert vectors_of(encode(paths, workers=2)).tobytes() == alone.tobytes()
    assert vectors_of(encode(paths[::-1]))[::-1].tobytes() == alone.tobytes()


def test_bad_images_are_errors_in_their_place_and_every_path_is_answered_once(test_data, tmp_path):
    good = test_data("edge-images") / "pillow" / "hopper.jpg"
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"")
    paths = [bad, good, tmp_path / "gone.jpg", *[good] * 40, bad]
    batches = encode(paths, inspect=lambda image: image.size)
    assert [len(batch.indices) for batch in batches] == [32, 9]
    assert batches[0].errors == {0: "the file is empty", 2: "cannot be read: No such file or directory"}
    assert batches[1].errors == {43: "the file is empty"}
    answered = [index for batch in batches for index in (*batch.indices, *batch.errors)]
    assert sorted(answered) == list(range(44))
    assert {size for batch in batches for size in batch.inspected} == {(128, 128)}


def test_all_images_bad_or_none_at_all(tmp_path):
    (batch,) = encode([tmp_path / "gone.jpg"])
    assert (batch.indices, batch.inspected, batch.vectors.shape) == ([], [], (0, 603))
    assert encode([]) == []


@pytest.mark.parametrize(
    "image",
    [
        Image.new("RGB", (5, 900), "white"),
        Image.new("RGB", (1, 1)),
        Image.effect_noise((64, 64), 80).convert("RGB"),
    ],
    ids=["long", "one pixel", "noise"],
)
def test_any_picture_has_a_sound_vector(image):
    vector = DescriptorEncoder().describe(image)
    assert np.isfinite(vector).all()
    assert abs(np.linalg.norm(vector) - 1) < 1e-6


def test_loading_the_encoders_is_light():
    code = (
        "import sys, vdata_resources.encoders;"
        "print(sorted({'torch', 'open_clip', 'skimage', 'imagehash'}.intersection(sys.modules)))"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "[]\n"


def test_texts_that_share_words_are_similar():
    encoder = HashedTextEncoder()
    texts = ["a red summer dress", "red dresses for the Summer", "blue denim jeans", ""]
    vectors = encoder.encode_texts(texts)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1).round(6).tolist() == [1, 1, 1, 0]
    assert vectors[0] @ vectors[1] > 0.3 > abs(vectors[0] @ vectors[2]) + 0.1
    assert encoder.encode_texts([]).shape == (0, encoder.dim)


def test_text_vectors_depend_on_nothing_but_the_text():
    code = (
        "import sys; from vdata_resources.encoders import HashedTextEncoder;"
        "sys.stdout.buffer.write(HashedTextEncoder(64).encode_texts(['Straße 7', 'zwei']).tobytes())"
    )
    outputs = {
        subprocess.check_output([sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, cwd=".")
        for seed in ("1", "2")
    }
    assert outputs == {HashedTextEncoder(64).encode_texts(["STRASSE 7", "zwei"]).tobytes()}
    assert HashedTextEncoder(64).identity != HashedTextEncoder(65).identity


def test_a_text_vector_needs_a_length():
    with pytest.raises(ValueError, match="dim: 0 is not a positive length"):
        HashedTextEncoder(0)
