"""Checkpoints: what goes in comes out, for the right encoder, or not at all."""

import re

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from protocol_products import ENCODER, FAST

from vdata_assets.protocol.checkpoint import Checkpoint, WrongEncoder, load_checkpoint, save_checkpoint

RNG = np.random.default_rng(0)


def made(**changes):
    arrays = RNG.standard_normal((4, 3, 3)).astype(np.float32)
    fields = {
        "encoder": ENCODER,
        "epoch": 2,
        "settings": FAST,
        "values": {"material": ["denim", "wool"], "fit": []},
        "image": arrays[0],
        "text": arrays[1, :2],
        "heads": {"material": (arrays[2, :2], arrays[3, 0, :2]), "fit": (arrays[2, :0], arrays[3, 0, :0])},
    }
    return Checkpoint(**fields | changes)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("checkpoint") / "best.pt"
    save_checkpoint(path, made())
    return path


def test_a_checkpoint_comes_back_as_it_was(tmp_path):
    checkpoint = made()
    save_checkpoint(tmp_path / "best.pt", checkpoint)
    loaded = load_checkpoint(tmp_path / "best.pt", ENCODER)
    assert (loaded.encoder, loaded.epoch, loaded.settings, loaded.values) == (
        ENCODER,
        2,
        FAST,
        checkpoint.values,
    )
    assert np.array_equal(loaded.image, checkpoint.image)
    assert np.array_equal(loaded.text, checkpoint.text)
    for attribute, arrays in checkpoint.heads.items():
        assert all(map(np.array_equal, loaded.heads[attribute], arrays))
    assert [path.name for path in tmp_path.iterdir()] == ["best.pt"]


def test_equal_models_are_equal_bytes_under_any_name(tmp_path):
    checkpoint = made()
    alike = made(
        image=checkpoint.image,
        text=checkpoint.text.copy(order="F"),
        heads=checkpoint.heads,
        encoder="".join(list(ENCODER)),
    )
    save_checkpoint(tmp_path / "a.pt", checkpoint)
    save_checkpoint(tmp_path / "epoch_1.pt", alike)
    assert (tmp_path / "a.pt").read_bytes() == (tmp_path / "epoch_1.pt").read_bytes()


def test_another_encoder_is_refused_by_name(saved):
    message = (
        f"{saved}: was trained on vectors of 'made vectors 1', and these are of 'descriptor 3': give it "
        "vectors of its own encoder, or train a checkpoint on these"
    )
    with pytest.raises(WrongEncoder, match=f"^{re.escape(message)}$"):
        load_checkpoint(saved, "descriptor 3")


def change(path, **changes):
    content = torch.load(path, weights_only=True) | changes
    target = path.with_name("changed.pt")
    torch.save(content, target)
    return target


class Hostile:
    def __reduce__(self):
        return (print, ("code in a checkpoint was run",))


FOREIGN = {
    "another format": ({"format": "other"}, "is no vdata protocol checkpoint: its format is 'other'"),
    "a later version": ({"version": 2}, "is of format version 2, this program reads 1"),
    "no header": ({"header": None}, "header: "),
    "a vector for the image": ({"image": torch.zeros(3)}, "image is no float32 tensor of 2 axes"),
    "whole numbers": ({"text": torch.zeros(2, 3, dtype=torch.int64)}, "text is no float32 tensor of 2 axes"),
    "values that are no numbers": (
        {"image": torch.full((3, 3), torch.nan)},
        "image holds values that are no numbers: training failed; see its log",
    ),
    "no heads": ({"heads": {}}, "heads are not of the attributes ['material', 'fit']"),
    "heads that are none": (
        {"heads": {"material": 1, "fit": 2}},
        "heads.material.weight is no float32 tensor",
    ),
    "a head that is too small": (
        {
            "heads": {
                name: {"weight": torch.zeros(1, 3), "bias": torch.zeros(1)} for name in ("material", "fit")
            }
        },
        "heads.material: (1, 3) weights and (1,) biases for 2 values over vectors of length 3",
    ),
    "code": ({"format": Hostile()}, "is damaged or no vdata protocol checkpoint: Weights only load failed"),
}


@pytest.mark.parametrize(("changes", "message"), FOREIGN.values(), ids=FOREIGN)
def test_a_foreign_file_is_refused_by_name(tmp_path, capsys, changes, message):
    path = tmp_path / "best.pt"
    save_checkpoint(path, made())
    changed = tmp_path / "changed.pt"
    torch.save(torch.load(path, weights_only=True) | changes, changed)
    with pytest.raises(ValueError, match=f"^{re.escape(f'{changed}: {message}')}"):
        load_checkpoint(changed, ENCODER)
    assert capsys.readouterr().out == ""


NO_CHECKPOINT = {
    "empty": b"",
    "text": b"a checkpoint",
    "a zip": b"PK\x05\x06" + bytes(18),
    "a pickle": b"\x80\x04K\x01.",
}


@pytest.mark.parametrize("content", NO_CHECKPOINT.values(), ids=NO_CHECKPOINT)
def test_what_is_no_checkpoint_is_refused_by_name(tmp_path, content):
    path = tmp_path / "best.pt"
    path.write_bytes(content)
    with pytest.raises(
        ValueError, match=f"^{re.escape(str(path))}: is damaged or no vdata protocol checkpoint: "
    ):
        load_checkpoint(path, ENCODER)


def test_a_tensor_alone_is_refused_by_name(tmp_path):
    torch.save(torch.zeros(2), tmp_path / "best.pt")
    with pytest.raises(ValueError, match=r"best\.pt: is no vdata protocol checkpoint: it holds a Tensor$"):
        load_checkpoint(tmp_path / "best.pt", ENCODER)


def test_a_missing_file_is_called_missing(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere\.pt"):
        load_checkpoint(tmp_path / "nowhere.pt", ENCODER)


@given(data=st.data())
def test_damage_is_refused_or_harmless(saved, data):
    """A changed byte either changes nothing that is read, or the file is refused with its name."""
    content = bytearray(saved.read_bytes())
    if data.draw(st.booleans()):
        content = content[: data.draw(st.integers(0, len(content) - 1))]
    else:
        for _ in range(data.draw(st.integers(1, 3))):
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    damaged = saved.with_name("damaged.pt")
    damaged.write_bytes(bytes(content))
    whole = load_checkpoint(saved, ENCODER)
    try:
        loaded = load_checkpoint(damaged, ENCODER)
    except ValueError as error:
        refusal = str(error)
    else:
        assert np.array_equal(loaded.image, whole.image)
        assert loaded.values == whole.values
        refusal = f"{damaged}: "
    assert refusal.startswith(f"{damaged}: ")
