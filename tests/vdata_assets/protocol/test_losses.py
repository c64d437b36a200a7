"""Losses against obvious loops over hand-made batches."""

import numpy as np
import pytest
import torch
from protocol_products import FAST, TEXT_DIM, VALUES, hand_made, made_pairs, made_products, pair, pairs_table

from vdata_assets.protocol.losses import (
    Batch,
    DeviceData,
    attribute_loss,
    denominators,
    image_losses,
    info_nce,
    text_losses,
)
from vdata_assets.protocol.model import ProtocolModel
from vdata_assets.protocol.training_data import UNKNOWN_TARGET, training_data

VECTORS = hand_made(
    [
        ("a0", "coats", "g0", "train", True, "wool"),
        ("a1", "coats", "g0", "train", True, None),
        ("b0", "coats", "b0", "train", True, "denim"),
        ("b1", "coats", "b1", "train", False, "denim"),
        ("c0", "skirts", "c0", "train", True, "wool"),
        ("c1", "skirts", "c1", "train", True, None),
        ("n0", "skirts", "n0", "train", True, "wool"),
        ("n1", "coats", "n1", "train", False, "wool"),
    ]
)
IDS = VECTORS.meta["product_id"].to_list()
MATERIAL = {"material": ["cotton", "denim", "wool"]}
ROWS = [
    pair("a0", "a1", "strong_group"),
    pair("b0", "b1", "medium"),
    pair("c0", "c1", "weak"),
    pair("a0", "b1", "weak"),
    pair("b0", "c0", "easy"),
    pair("a0", "n0", "easy"),
    pair("a0", "n1", "mined_hard"),
    pair("c1", "n1", "easy"),
]
SETTINGS = FAST.model_copy(update={"anchor_weight": 0.2, "temperature": 0.3})


def device_data(vectors, pairs, values):
    data = training_data(vectors, pairs, values, FAST)
    tensors = (vectors.image, vectors.text, data.has_text, data.group, data.targets, data.together)
    return DeviceData(*(torch.from_numpy(np.array(tensor)) for tensor in tensors))


def batch_of(pairs, negatives_a, negatives_b, weight):
    def rows(names):
        return torch.tensor([[-1 if name is None else IDS.index(name) for name in row] for row in names])

    sides = rows(pairs)
    return Batch(sides[:, 0], sides[:, 1], torch.tensor(weight), rows(negatives_a), rows(negatives_b))


DATA = device_data(VECTORS, pairs_table(ROWS), MATERIAL)
BATCH = batch_of(
    [("a0", "a1"), ("b0", "b1"), ("c0", "c1"), ("b0", "b1")],
    [("n0", "n1"), ("c0", None), ("b0", None), ("c0", None)],
    [(None, None), (None, None), ("n1", None), (None, None)],
    [1.0, 0.6, 0.3, 0.6],
)


def loop_info_nce(vectors, usable, temperature):
    """Both directions, one anchor and one candidate at a time, straight from the rules."""
    labels = {(row["a_id"], row["b_id"]): row["label"] for row in ROWS}
    labels |= {(b, a): label for (a, b), label in labels.items()}
    group = dict(zip(IDS, VECTORS.meta["group_id"], strict=True))
    sides = [(IDS[a], IDS[b]) for a, b in zip(BATCH.a.tolist(), BATCH.b.tolist(), strict=True)]
    directions = []
    for anchor_side, negatives in ((0, BATCH.negatives_a), (1, BATCH.negatives_b)):
        total = weights = 0.0
        for place, weight in enumerate(BATCH.weight.tolist()):
            if not all(usable(name) for name in sides[place]):
                continue
            anchor, positive = sides[place][anchor_side], sides[place][1 - anchor_side]
            columns = [
                other[1 - anchor_side]
                for number, other in enumerate(sides)
                if number != place and all(usable(name) for name in other)
            ]
            columns = [
                name for name in columns if group[name] != group[anchor] and labels.get((anchor, name)) != 1
            ]
            columns += [IDS[row] for row in negatives[place].tolist() if row >= 0 and usable(IDS[row])]
            assert all(labels.get((anchor, IDS[row])) == 0 for row in negatives[place].tolist() if row >= 0)
            scores = [
                float(vectors[IDS.index(anchor)] @ vectors[IDS.index(name)]) / temperature
                for name in [positive, *columns]
            ]
            total += weight * (np.log(np.sum(np.exp(scores))) - scores[0])
            weights += weight
        directions.append(total / weights)
    return np.mean(directions)


def model_of(**changes):
    model = ProtocolModel(4, 4, MATERIAL, SETTINGS.model_copy(update=changes))
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape, generator=generator))
    return model


def projected(vectors, projection):
    vectors = vectors.astype(np.float64) @ projection.detach().double().numpy().T
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths > 0, lengths, 1)


def test_image_infonce_is_that_of_the_loop():
    model = model_of()
    losses = image_losses(model, DATA, BATCH, SETTINGS)
    expected = loop_info_nce(projected(VECTORS.image, model.image), lambda _: True, 0.3)
    assert losses.contrast.item() == pytest.approx(expected, rel=1e-5)


def test_text_infonce_is_that_of_the_loop_over_pairs_of_which_both_have_text():
    model = model_of()
    losses = text_losses(model, DATA, BATCH, SETTINGS)
    has_text = dict(zip(IDS, VECTORS.meta["has_text"], strict=True))
    expected = loop_info_nce(projected(VECTORS.text, model.text), has_text.__getitem__, 0.3)
    assert losses.contrast.item() == pytest.approx(expected, rel=1e-5)
    assert losses.contrasts.item() == 1


def test_what_is_no_negative_is_in_no_denominator():
    from_a, from_b = denominators(BATCH, DATA)
    own, labelled = torch.eye(4, dtype=torch.bool), (BATCH.negatives_a >= 0, BATCH.negatives_b >= 0)
    in_batch = torch.tensor(
        [
            [True, False, True, False],
            [True, True, True, False],
            [True, True, True, True],
            [True, False, True, True],
        ]
    )
    assert from_a[:, :4].tolist() == (in_batch | own).tolist()
    assert from_b[:, :4].tolist() == (in_batch | own).T.tolist()
    assert (from_a[:, 4:].tolist(), from_b[:, 4:].tolist()) == tuple(each.tolist() for each in labelled)


def test_a_product_of_the_anchors_group_is_no_negative_even_if_it_was_drawn_as_one():
    batch = batch_of([("a0", "b1")], [("a1", "n1")], [("b0", None)], [1.0])
    assert [mask.tolist() for mask in denominators(batch, DATA)] == [
        [[True, False, True]],
        [[True, True, False]],
    ]


def test_a_labelled_negative_is_pushed_away_and_a_positive_pulled():
    settings = SETTINGS.model_copy(update={"anchor_weight": 0.0, "head_weight": 0.0, "text_weight": 0.0})
    batch = batch_of([("c1", "c0")], [("n1", None)], [(None, None)], [1.0])
    model = ProtocolModel(4, 4, MATERIAL, settings)

    def similarities():
        anchor, positive, negative = projected(
            VECTORS.image[[IDS.index(name) for name in ("c1", "c0", "n1")]], model.image
        )
        return anchor @ positive, anchor @ negative

    before = similarities()
    (gradient,) = torch.autograd.grad(image_losses(model, DATA, batch, settings).total, [model.image])
    with torch.no_grad():
        model.image -= 0.1 * gradient
    after = similarities()
    assert after[0] - after[1] > before[0] - before[1]


def test_weights_weigh_pairs():
    anchors, positives = torch.from_numpy(VECTORS.image[:2]), torch.from_numpy(VECTORS.image[2:4])
    negatives, allowed = torch.zeros(2, 0, 4), torch.ones(2, 2, dtype=torch.bool)

    def loss(*weights):
        return info_nce(anchors, positives, negatives, allowed, torch.tensor(weights), 0.1).item()

    assert loss(0.9, 0.3) == pytest.approx((3 * loss(1.0, 0.0) + loss(0.0, 1.0)) / 4)
    assert loss(0.0, 0.0) == 0


def test_head_loss_is_the_mean_over_known_values_then_over_attributes():
    logits = (
        torch.tensor([[2.0, 0.0, 1.0], [0.0, 1.0, 0.0], [5.0, 5.0, 5.0]]),
        torch.tensor([[1.0, 0.0]] * 3),
    )
    targets = torch.tensor([[0, UNKNOWN_TARGET], [1, 1], [UNKNOWN_TARGET, UNKNOWN_TARGET]])
    loss, known = attribute_loss(logits, targets)

    def cross_entropy(scores, target):
        return np.log(np.exp(scores).sum()) - scores[target]

    material = (cross_entropy([2.0, 0.0, 1.0], 0) + cross_entropy([0.0, 1.0, 0.0], 1)) / 2
    assert loss.item() == pytest.approx((material + cross_entropy([1.0, 0.0], 1)) / 2)
    assert known.item() == 2


def test_unknown_moves_no_head():
    logits = torch.zeros(3, 4, requires_grad=True)
    targets = torch.tensor([[UNKNOWN_TARGET], [2], [UNKNOWN_TARGET]])
    loss, _ = attribute_loss((logits,), targets)
    (gradient,) = torch.autograd.grad(loss, [logits])
    assert gradient[[0, 2]].abs().max() == 0
    assert gradient[1].abs().min() > 0


def test_an_attribute_that_no_row_knows_is_not_in_the_mean():
    logits = (torch.tensor([[1.0, 0.0]]), torch.tensor([[3.0, 0.0]]), torch.zeros(1, 0))
    alone, known = attribute_loss(logits, torch.tensor([[0, UNKNOWN_TARGET, UNKNOWN_TARGET]]))
    assert alone.item() == pytest.approx(np.log(1 + np.exp(-1)))
    assert known.item() == 1
    assert [each.item() for each in attribute_loss(logits, torch.full((1, 3), UNKNOWN_TARGET))] == [0, 0]


def test_anchor_loss_is_the_mean_squared_distance_of_the_pairs_products():
    model = model_of()
    sides = torch.cat([BATCH.a, BATCH.b]).numpy()
    images = projected(VECTORS.image, model.image)[sides] - VECTORS.image[sides]
    losses = image_losses(model, DATA, BATCH, SETTINGS)
    assert losses.anchor.item() == pytest.approx((images**2).sum(axis=1).mean(), rel=1e-5)
    with_text = sides[VECTORS.meta["has_text"].to_numpy()[sides]]
    texts = projected(VECTORS.text, model.text)[with_text] - VECTORS.text[with_text]
    losses = text_losses(model, DATA, BATCH, SETTINGS)
    assert losses.anchor.item() == pytest.approx((texts**2).sum(axis=1).mean(), rel=1e-5)


def test_the_total_is_the_weighted_sum_and_a_weight_of_0_takes_its_part_out():
    model = model_of()
    losses = image_losses(model, DATA, BATCH, SETTINGS)
    expected = losses.contrast + 0.5 * losses.head + 0.2 * losses.anchor
    assert losses.total.item() == pytest.approx(expected.item())
    bare = SETTINGS.model_copy(update={"head_weight": 0.0, "anchor_weight": 0.0})
    losses = image_losses(model, DATA, BATCH, bare)
    assert losses.total.item() == losses.contrast.item()
    assert (losses.head.item(), losses.anchor.item()) == (0, 0)


def test_without_a_pair_of_texts_nothing_moves():
    batch = batch_of([("b0", "b1")], [(None, None)], [(None, None)], [1.0])
    settings = SETTINGS.model_copy(update={"anchor_weight": 0.0})
    model = model_of()
    losses = text_losses(model, DATA, batch, settings)
    (gradient,) = torch.autograd.grad(losses.total, [model.text])
    assert (losses.total.item(), losses.contrasts.item(), gradient.abs().max().item()) == (0, 0, 0)


def test_gradients_are_finite_where_texts_are_missing():
    vectors = made_products()
    data = device_data(vectors, made_pairs(vectors), VALUES)
    rows = torch.arange(40)
    batch = Batch(
        rows[:20], rows[20:], torch.ones(20), rows[:40].reshape(20, 2), rows[:40].reshape(20, 2) - 9
    )
    model = ProtocolModel(vectors.image.shape[1], TEXT_DIM, VALUES, SETTINGS)
    (gradient,) = torch.autograd.grad(text_losses(model, data, batch, SETTINGS).total, [model.text])
    assert torch.isfinite(gradient).all()
