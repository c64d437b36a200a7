"""Training: what the pictures show is learnt, what they do not is not; the files say what was done."""

import json

import numpy as np
import polars as pl
import pytest
from protocol_products import (
    ENCODER,
    FAST,
    VALUES,
    files_of,
    made_pairs,
    made_products,
    pair,
    pairs_table,
)

from vdata_assets.protocol.checkpoint import load_checkpoint
from vdata_assets.protocol.schema import TrainLog
from vdata_assets.protocol.train import train

VECTORS = made_products()
PAIRS = made_pairs(VECTORS)
LONGER = FAST.model_copy(update={"epochs": 8})


@pytest.fixture
def trained(tmp_path):
    """Trains with some settings, in a folder of its own."""

    def run(settings=FAST, *, vectors=VECTORS, pairs=PAIRS, values=VALUES, lines=None):
        out = tmp_path / f"out{len(list(tmp_path.iterdir()))}"
        out.mkdir()
        log = (lambda _: None) if lines is None else lines.append
        return train(vectors, pairs, values, settings, out, tmp_path / f"scratch_of_{out.name}", log), out

    return run


def gain(result, facet):
    best = result.log.filter(epoch=result.best_epoch)
    return best[f"{facet}:match@10"][0] - result.start_facets[facet]


def test_what_pictures_show_is_learnt_and_a_shuffled_attribute_is_not(trained):
    result, _ = trained(LONGER)
    assert gain(result, "material") > 0.12
    assert abs(gain(result, "mood")) < 0.05


def test_labels_are_read(trained):
    """With the labels exchanged the same pairs teach the contrary."""
    swapped = {"strong_attribute": "mined_hard", "mined_hard": "strong_attribute"}
    same_category = PAIRS.filter(pl.col("kind").cast(pl.String) != "easy")
    exchanged = pairs_table(
        [
            pair(row["a_id"], row["b_id"], swapped[row["kind"]])
            for row in same_category.with_columns(pl.col("kind").cast(pl.String)).to_dicts()
        ]
    )
    settings = LONGER.model_copy(update={"head_weight": 0.0})
    told, _ = trained(settings, pairs=same_category)
    denied, _ = trained(settings, pairs=exchanged)
    last = [result.log["material:match@10"][-1] for result in (told, denied)]
    assert last[0] > told.start_facets["material"] + 0.05
    assert last[1] < told.start_facets["material"]


def test_the_log_has_a_row_an_epoch_in_table_and_file(trained):
    lines = []
    result, out = trained(lines=lines)
    TrainLog.validate(result.log.select(TrainLog.column_names()))
    logged = [json.loads(line) for line in (out / "train_log.jsonl").read_text().splitlines()]
    assert logged == result.log.to_dicts()
    assert result.log["epoch"].to_list() == [1, 2, 3]
    assert result.log["step"].to_list() == [4, 8, 12]
    assert result.log["lr"][-1] == pytest.approx(0)
    facets = ["category", "material", "mood"]
    mean = result.log.select(pl.mean_horizontal(f"{facet}:match@10" for facet in facets)).to_series()
    assert result.log["validation"].to_numpy() == pytest.approx(mean.to_numpy())
    assert result.best_epoch == result.log["validation"].arg_max() + 1
    assert [line.split(":")[1] for line in lines] == [" epoch 1/3", " epoch 2/3", " epoch 3/3"]


def test_the_files_are_the_epochs_and_a_copy_of_the_best(trained):
    result, out = trained()
    files = files_of(out)
    epochs = [f"checkpoints/epoch_{epoch}.pt" for epoch in (1, 2, 3)]
    assert sorted(files) == sorted([*epochs, "best.pt", "config.json", "train_log.jsonl"])
    assert files["best.pt"] == files[f"checkpoints/epoch_{result.best_epoch}.pt"]
    config = json.loads(files["config.json"])
    assert config["encoder"] == ENCODER
    assert config["dims"] == {"image": 16, "text": 12, "projected_image": 16, "projected_text": 12}
    assert config["heads"] == VALUES
    assert config["pairs"] == {"easy": 40, "mined_hard": 80, "strong_attribute": 120}
    assert config["settings"] == FAST.model_dump(mode="json")
    assert config["validation"]["best_epoch"] == result.best_epoch


def test_heads_have_an_output_for_values_that_training_never_shows(trained):
    _, out = trained()
    checkpoint = load_checkpoint(out / "best.pt", ENCODER)
    assert {name: weight.shape for name, (weight, _) in checkpoint.heads.items()} == {
        "material": (4, 16),
        "mood": (3, 16),
    }


TAKEN_OUT = {
    "texts": ({"text_weight": 0.0}, "text_loss"),
    "heads": ({"head_weight": 0.0}, "head_loss"),
    "anchor": ({"anchor_weight": 0.0}, "anchor_loss"),
}


@pytest.mark.parametrize(("changes", "column"), TAKEN_OUT.values(), ids=TAKEN_OUT)
def test_a_weight_of_0_takes_its_part_out(trained, changes, column):
    every = FAST.model_copy(update={"anchor_weight": 0.1, "epochs": 1})
    whole, _ = trained(every)
    without, out = trained(every.model_copy(update=changes))
    assert whole.log[column].null_count() == 0
    assert without.log[column].null_count() == 1
    if column == "text_loss":
        assert np.array_equal(load_checkpoint(out / "best.pt", ENCODER).text, np.eye(12))


ODD = {
    "a shorter projection": {"projection_dim": 6},
    "a longer projection": {"projection_dim": 20},
    "no labelled negatives": {"negatives_per_pair": 0},
    "batches of two": {"batch_size": 2, "epochs": 1},
    "one batch": {"batch_size": 500},
    "one validation query": {"validation_queries": 1},
}


@pytest.mark.parametrize("changes", ODD.values(), ids=ODD)
def test_odd_settings_train(trained, changes):
    result, out = trained(FAST.model_copy(update=changes))
    assert np.isfinite(result.log["loss"].to_numpy()).all()
    assert len(load_checkpoint(out / "best.pt", ENCODER).image) == changes.get("projection_dim", 16)


def test_without_texts_and_attributes_the_pictures_are_trained(trained):
    vectors = made_products()
    meta = vectors.meta.drop("material", "mood").with_columns(has_text=pl.lit(False))
    vectors = type(vectors)(meta, vectors.image, np.zeros_like(vectors.text), ENCODER)
    result, _ = trained(FAST.model_copy(update={"balance": 0.0}), vectors=vectors, values={})
    assert result.log.select("text_loss", "head_loss").null_count().row(0) == (3, 3)
    assert list(result.start_facets) == ["category"]


def test_an_anchor_holds_vectors_where_they_were(trained):
    _, free = trained(FAST)
    _, held = trained(FAST.model_copy(update={"anchor_weight": 50.0}))
    moved = [
        np.abs(load_checkpoint(out / "best.pt", ENCODER).image - np.eye(16)).max() for out in (free, held)
    ]
    assert moved[1] < moved[0]


def test_training_ends_at_a_loss_that_is_no_number(trained):
    result, out = trained(FAST.model_copy(update={"temperature": 1e-45}))
    assert result.log.height == 1
    assert not np.isfinite(result.log["loss"][0])
    assert (result.best_epoch, result.log["validation"][0]) == (1, 0)
    assert json.loads((out / "train_log.jsonl").read_text())["loss"] is None


def test_without_validation_products_there_is_no_best_epoch(trained):
    vectors = VECTORS.of_splits(["train"])
    with pytest.raises(ValueError, match=r"^protocol: no product is of split 'validation', by which"):
        trained(vectors=vectors)


def test_validation_products_of_which_nothing_is_known_measure_nothing(trained):
    unknown = pl.when(pl.col("split") == "train").then(pl.col("category", "material", "mood"))
    vectors = type(VECTORS)(VECTORS.meta.with_columns(unknown), VECTORS.image, VECTORS.text, ENCODER)
    with pytest.raises(ValueError, match=r"^protocol: none of the 80 products of split 'validation' has a"):
        trained(vectors=vectors)
