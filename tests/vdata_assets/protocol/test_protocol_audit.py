"""Every question that is asked of a trained model, and what it takes to be hit."""

import shutil
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from protocol_products import ENCODER, FAST, VALUES, made_pairs, made_products

from vdata_assets.embeddings.product_vectors import ProductVectors
from vdata_assets.protocol.checkpoint import load_checkpoint, save_checkpoint
from vdata_assets.protocol.checks import PROTOCOL_CHECKS
from vdata_assets.protocol.protocol_audit import audit_protocol
from vdata_assets.protocol.train import train
from vdata_assets.quality.findings import Status

VECTORS = made_products()


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """A training and its folder."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "out").mkdir()
    pairs = made_pairs(VECTORS)
    trained = train(VECTORS, pairs, VALUES, FAST, folder / "out", folder / "scratch", lambda _: None)
    return trained, folder / "out"


@pytest.fixture
def copied(sound, tmp_path):
    """The same, in a folder that may be spoilt."""
    trained, out = sound
    return trained, shutil.copytree(out, tmp_path / "out")


def hits(trained, out, vectors=VECTORS, values=VALUES):
    findings = audit_protocol(trained, out, vectors, values)
    assert [finding.name for finding in findings] == [check.name for check in PROTOCOL_CHECKS]
    return {finding.name: finding for finding in findings if finding.status is not Status.PASSED}


def test_a_sound_training_passes(sound):
    trained, out = sound
    findings = audit_protocol(trained, out, VECTORS, VALUES)
    assert {finding.status for finding in findings} == {Status.PASSED}
    assert findings[2].message == "4 checkpoints projected 240 products each, 0 faults"


def test_a_loss_that_is_no_number_fails(tmp_path):
    (tmp_path / "out").mkdir()
    settings = FAST.model_copy(update={"temperature": 1e-45})
    trained = train(
        VECTORS, made_pairs(VECTORS), VALUES, settings, tmp_path / "out", tmp_path / "s", lambda _: None
    )
    found = hits(trained, tmp_path / "out")
    assert found["losses_finite"].status is Status.FAILED
    assert found["losses_finite"].offenders[0].startswith("epoch 1: loss is ")
    assert found["checkpoints_load"].status is Status.FAILED
    assert "best_beats_start" in found


@pytest.mark.parametrize("last", [9.9, float("nan")])
def test_a_loss_that_did_not_fall_is_a_warning(sound, last):
    trained, out = sound
    log = trained.log.with_columns(loss=pl.Series([8.0, 7.0, last]))
    found = hits(replace(trained, log=log), out)
    assert found["loss_fell"].status is Status.WARNING


def test_one_epoch_has_nothing_to_fall_from(sound):
    trained, out = sound
    found = hits(replace(trained, log=trained.log.head(1), best_epoch=1), out)
    assert "loss_fell" not in found


def test_a_best_epoch_that_is_not_above_the_start_is_a_warning(sound):
    trained, out = sound
    found = hits(replace(trained, start_validation=trained.log["validation"].max()), out)
    assert list(found) == ["best_beats_start"]
    assert found["best_beats_start"].status is Status.WARNING


def spoil(out, **changes):
    """Write the second epoch's checkpoint with other content."""
    path = out / "checkpoints" / "epoch_2.pt"
    save_checkpoint(path, replace(load_checkpoint(path, ENCODER), **changes))


def singular(out):
    image = load_checkpoint(out / "best.pt", ENCODER).image
    spoil(out, image=np.zeros_like(image))


def small_head(out):
    spoil(out, values={"material": ["denim"]}, heads={"material": (np.eye(1, 16), np.zeros(1))})


SPOILT = {
    "a missing checkpoint": (
        lambda out: (out / "checkpoints" / "epoch_2.pt").unlink(),
        "checkpoints/epoch_2.pt: ",
        "No such file",
    ),
    "a damaged checkpoint": (
        lambda out: (out / "best.pt").write_bytes(b"none"),
        "best.pt: ",
        "is damaged or no vdata protocol checkpoint",
    ),
    "a checkpoint of another encoder": (
        lambda out: spoil(out, encoder="other"),
        "checkpoints/epoch_2.pt: ",
        "was trained on vectors of 'other'",
    ),
    "another epoch's checkpoint": (
        lambda out: shutil.copyfile(out / "checkpoints/epoch_1.pt", out / "checkpoints/epoch_2.pt"),
        "checkpoints/epoch_2.pt: ",
        "is of epoch 1, not 2",
    ),
    "another epoch's checkpoint as the best": (
        lambda out: shutil.copyfile(out / "checkpoints/epoch_1.pt", out / "best.pt"),
        "best.pt: ",
        "is of epoch 1, not 3",
    ),
    "a head that is too small": (
        small_head,
        "checkpoints/epoch_2.pt: ",
        "has heads for {'material': ['denim']}",
    ),
    "a projection to nothing": (
        singular,
        "checkpoints/epoch_2.pt: ",
        "projects 240 image vectors to another",
    ),
    "a log without an epoch": (
        lambda out: (out / "train_log.jsonl").write_text('{"epoch": 1}\n'),
        "train_log.jsonl: ",
        "its lines are not of the epochs 1 to 3",
    ),
}


@pytest.mark.parametrize(("spoiling", "file", "fault"), SPOILT.values(), ids=SPOILT)
def test_a_checkpoint_that_does_not_serve_fails(copied, spoiling, file, fault):
    trained, out = copied
    spoiling(out)
    found = hits(trained, out)
    assert list(found) == ["checkpoints_load"]
    (offender,) = found["checkpoints_load"].offenders
    assert offender.startswith(file)
    assert fault in offender


def test_a_best_epoch_that_is_not_the_best_fails(sound):
    trained, out = sound
    lower = trained.log["validation"].arg_min() + 1
    assert "checkpoints_load" in hits(replace(trained, best_epoch=lower), out)


def test_checkpoints_are_loaded_for_the_vectors_at_hand(sound):
    trained, out = sound
    other = ProductVectors(VECTORS.meta, VECTORS.image, VECTORS.text, "another encoder")
    assert hits(trained, out, vectors=other)["checkpoints_load"].counts["offenders"] == 4
