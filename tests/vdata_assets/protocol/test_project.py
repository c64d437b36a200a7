"""Products through a checkpoint."""

import re

import numpy as np
import polars as pl
import pytest
from protocol_products import ENCODER, FAST, VALUES, made_pairs, made_products

from vdata_assets.embeddings.product_vectors import ProductVectors
from vdata_assets.protocol.checkpoint import Checkpoint, WrongEncoder, save_checkpoint
from vdata_assets.protocol.project import attribute_predictions, project, projected
from vdata_assets.protocol.train import train

VECTORS = made_products()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A training's files."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "out").mkdir()
    settings = FAST.model_copy(update={"epochs": 12, "projection_dim": 6})
    train(VECTORS, made_pairs(VECTORS), VALUES, settings, folder / "out", folder / "scratch", lambda _: None)
    return folder / "out"


def test_projected_vectors_are_unit_and_missing_texts_stay_zeros(folder):
    result = projected(VECTORS, folder / "best.pt")
    assert (result.image.shape, result.text.shape) == ((240, 6), (240, 6))
    assert (result.image.dtype, result.text.dtype) == (np.float32, np.float32)
    assert np.linalg.norm(result.image, axis=1) == pytest.approx(np.ones(240), abs=1e-5)
    has_text = VECTORS.meta["has_text"].to_numpy()
    assert np.linalg.norm(result.text, axis=1) == pytest.approx(has_text.astype(float), abs=1e-5)
    assert result.meta.equals(VECTORS.meta)


def test_the_encoder_names_the_checkpoint_by_its_bytes(folder):
    best, first = (projected(VECTORS, folder / name) for name in ("best.pt", "checkpoints/epoch_1.pt"))
    assert re.fullmatch(re.escape(ENCODER) + r" \| protocol [0-9a-f]{16}", best.encoder)
    assert best.encoder != first.encoder
    assert best.encoder == projected(VECTORS, folder / "best.pt").encoder


def test_what_is_projected_is_not_projected_again(folder):
    with pytest.raises(WrongEncoder, match="was trained on vectors of 'made vectors 1', and these are of"):
        projected(projected(VECTORS, folder / "best.pt"), folder / "best.pt")


def test_vectors_of_another_length_are_refused_by_name(folder):
    longer = ProductVectors(VECTORS.meta, np.ones((240, 20), np.float32), VECTORS.text, ENCODER)
    message = f"{folder / 'best.pt'}: image: projects vectors of length 16, these have 20"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        projected(longer, folder / "best.pt")


def test_blocks_change_nothing(monkeypatch):
    rng = np.random.default_rng(0)
    vectors, projection = (rng.standard_normal((size, 8)).astype(np.float32) for size in (50, 5))
    whole = project(vectors, projection, "image")
    monkeypatch.setattr("vdata_assets.retrieval.blocks.BLOCK_VALUES", 24)
    assert np.allclose(project(vectors, projection, "image"), whole, atol=1e-6)
    expected = vectors @ projection.T
    assert whole == pytest.approx(expected / np.linalg.norm(expected, axis=1, keepdims=True), abs=1e-6)


def test_no_products_are_projected_to_none(folder):
    none = projected(VECTORS.take(np.array([], np.intp)), folder / "best.pt")
    assert none.image.shape == (0, 6)


def test_heads_tell_what_pictures_show_and_only_that(folder):
    predicted = attribute_predictions(VECTORS, folder / "best.pt")
    assert predicted.columns == ["product_id", "material", "material_probability", "mood", "mood_probability"]
    unseen = VECTORS.meta["split"] == "validation"
    right = {
        name: (predicted[name] == VECTORS.meta[name]).filter(unseen).mean() for name in ("material", "mood")
    }
    assert right["material"] > 0.55
    assert right["mood"] < 0.45


def test_probabilities_are_those_of_the_softmax(tmp_path):
    weight, bias = np.eye(3, dtype=np.float32)[:2], np.array([0.0, 1.0], np.float32)
    eye = np.eye(3, dtype=np.float32)
    checkpoint = Checkpoint(
        ENCODER,
        1,
        FAST,
        {"fit": ["slim", "wide"], "cut": []},
        eye,
        eye,
        {"fit": (weight, bias), "cut": (weight[:0], bias[:0])},
    )
    save_checkpoint(tmp_path / "best.pt", checkpoint)
    meta = VECTORS.meta.head(2)
    predicted = attribute_predictions(ProductVectors(meta, eye[:2], eye[:2], ENCODER), tmp_path / "best.pt")
    assert predicted["fit"][1] == "wide"
    assert predicted["fit_probability"].to_list() == pytest.approx([0.5, 1 / (1 + np.exp(-2))])
    assert predicted.schema == {"product_id": pl.String, "fit": pl.String, "fit_probability": pl.Float32}
