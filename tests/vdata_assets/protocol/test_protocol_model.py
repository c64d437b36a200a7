"""The model before training, its optimiser and its learning rate."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from protocol_products import FAST, VALUES

from vdata_assets.protocol.epochs import DeviceUnavailable, lr_share, one_torch_thread, training_device
from vdata_assets.protocol.model import ProtocolModel
from vdata_assets.protocol.optimiser import AdamW
from vdata_assets.protocol.settings import ProtocolSettings


def test_without_a_projection_dim_the_untrained_model_is_the_encoder():
    model = ProtocolModel(5, 3, VALUES, FAST)
    images = torch.nn.functional.normalize(torch.rand(4, 5))
    assert torch.allclose(model.project_image(images), images)
    assert model.project_text(torch.zeros(2, 3)).tolist() == [[0.0] * 3] * 2


@pytest.mark.parametrize("length", [3, 5, 8])
def test_a_projection_dim_starts_orthonormal_and_seeded(length):
    settings = FAST.model_copy(update={"projection_dim": length})
    image = ProtocolModel(5, 5, VALUES, settings).image.detach()
    assert image.shape == (length, 5)
    product = image @ image.T if length <= 5 else image.T @ image
    assert torch.allclose(product, torch.eye(min(length, 5)), atol=1e-6)
    assert torch.equal(image, ProtocolModel(5, 5, VALUES, settings).image)
    other = settings.model_copy(update={"seed": 8})
    assert not torch.allclose(image, ProtocolModel(5, 5, VALUES, other).image)


def test_texts_that_are_not_trained_keep_their_length():
    settings = FAST.model_copy(update={"projection_dim": 2})
    assert torch.equal(ProtocolModel(5, 3, VALUES, settings, trains_text=False).text, torch.eye(3))


def test_a_head_has_an_output_for_every_value_of_the_schema_and_the_category_has_none():
    model = ProtocolModel(5, 3, {"material": ["a", "b", "c"], "fit": [], "mood": ["x"]}, FAST)
    assert [tuple(scores.shape) for scores in model.logits(torch.rand(7, 5))] == [(7, 3), (7, 0), (7, 1)]


@given(steps=st.integers(1, 500), share=st.floats(0, 0.99))
def test_the_learning_rate_rises_linearly_to_its_peak_and_falls_to_0(steps, share):
    shares = [lr_share(step, steps, share) for step in range(steps + 1)]
    warmup = int(share * steps)
    assert shares[:warmup] == pytest.approx([(step + 1) / warmup for step in range(warmup)])
    assert shares[warmup] == 1
    assert shares[-1] == pytest.approx(0, abs=1e-12)
    assert (np.diff(shares[warmup:]) <= 0).all()
    half = warmup + (steps - warmup) / 2
    if half.is_integer():
        assert shares[int(half)] == pytest.approx(0.5)


def test_adamw_is_that_of_the_paper():
    """Loshchilov and Hutter 2019, algorithm 2, element by element."""
    weights, biases = torch.tensor([1.0, -2.0, 0.5]), torch.tensor([0.1])
    parameters = [torch.nn.Parameter(weights.clone()), torch.nn.Parameter(biases.clone())]
    optimiser = AdamW(parameters[:1], parameters[1:], weight_decay=0.1)
    expected = [(value, 0.1, 0.0, 0.0) for value in weights.tolist()] + [(0.1, 0.0, 0.0, 0.0)]
    for step, lr in enumerate((0.1, 0.05, 0.2), 1):
        loss = (parameters[0] ** 2).sum() + 3 * parameters[1].sum()
        optimiser.step(loss, lr)
        for place, (value, decay, mean, square) in enumerate(expected):
            gradient = 2 * value if place < 3 else 3.0
            mean, square = 0.9 * mean + 0.1 * gradient, 0.999 * square + 0.001 * gradient**2
            moved = (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
            expected[place] = (value - lr * (moved + decay * value), decay, mean, square)
    found = torch.cat([parameter.detach() for parameter in parameters]).tolist()
    assert found == pytest.approx([value for value, *_ in expected], rel=1e-5)


def test_a_parameter_without_a_part_in_the_loss_stays():
    used, unused = torch.nn.Parameter(torch.ones(1)), torch.nn.Parameter(torch.ones(1))
    AdamW([used, unused], [], 0.5).step(used.sum(), 0.1)
    assert (used.item() < 1, unused.item()) == (True, 1)


def test_an_anchor_needs_vectors_of_equal_lengths():
    with pytest.raises(ValueError, match=r"anchor_weight is 0\.1 and projection_dim 4"):
        ProtocolSettings(projection_dim=4)


def test_cuda_without_a_gpu_names_the_setting(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(
        DeviceUnavailable, match=r"^protocol_model\.device: 'cuda' is set but torch finds no CUDA GPU"
    ):
        training_device("cuda")
    assert [training_device(device).type for device in ("auto", "cpu")] == ["cpu", "cpu"]


def test_the_number_of_torch_threads_is_restored():
    before = torch.get_num_threads()
    with one_torch_thread():
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == before
