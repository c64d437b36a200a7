"""SAM2 on the tiny configuration with random weights, against what the sam2 package itself computes."""

import gc
import subprocess
import sys
import weakref

import numpy as np
import pytest

from vdata_resources.parallel import ordered_map
from vdata_resources.segmenters.protocol import SegmenterUnavailable
from vdata_resources.segmenters.sam2 import Sam2Segmenter
from vdata_resources.segmenters.sam2_configs import config_named

HEIGHT, WIDTH = 96, 128
BOXES = np.array([[5, 5, 40, 60], [0, 0, 127, 95], [10, 20, 90, 70], [64, 48, 64, 48], [0, 95, 127, 95]])
ALL = {"pred_iou_threshold": 0.0, "stability_threshold": 0.0, "box_nms_threshold": 1.0}
SETTINGS = {
    "everything": ALL,
    "promising": ALL | {"pred_iou_threshold": 0.95},
    "stable": ALL | {"stability_threshold": 0.53},
    "distinct": ALL | {"box_nms_threshold": 0.7},
    "all three": {"pred_iou_threshold": 0.9, "stability_threshold": 0.5, "box_nms_threshold": 0.8},
    "nothing": ALL | {"pred_iou_threshold": 1.0},
}


@pytest.fixture(scope="module", autouse=True)
def one_core():
    """Threads that wait for each other on a busy machine cost more than they save in so small a model."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def blocks(seed):
    """A picture of 6 x 8 coloured squares."""
    colours = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return colours.repeat(HEIGHT // 6, axis=0).repeat(WIDTH // 8, axis=1)


def listed(proposals):
    return [(proposal.score, proposal.mask.tobytes()) for proposal in proposals]


@pytest.fixture(scope="module")
def model(sam2_small):
    from vdata_resources.segmenters.sam2_loading import LoadedSam2

    return LoadedSam2(sam2_small, config_named("tiny"), "cpu", "fp32")


@pytest.fixture(scope="module")
def opened(model):
    """Begins with a picture."""
    from vdata_resources.segmenters.sam2_automatic import AutomaticSettings
    from vdata_resources.segmenters.sam2_decoding import PromptBatches
    from vdata_resources.segmenters.sam2_picture import Sam2Segmentation

    def begin(seed=0, batch=64, settings=ALL):
        batches = PromptBatches("sam2.1_hiera_t.yaml", "cpu", batch)
        return Sam2Segmentation(model, blocks(seed), AutomaticSettings(4, **settings), batches)

    return begin


def predictor_of(module, picture):
    """The package's predictor, with a picture set if there is one."""
    import torch
    from sam2.sam2_image_predictor import SAM2ImagePredictor

    predictor = SAM2ImagePredictor(module)
    predictor._bb_feat_sizes = [(module.image_size // part,) * 2 for part in (4, 8, 16)]
    if picture is not None:
        with torch.inference_mode():
            predictor.set_image(picture)
    return predictor


def generated(predictor, settings, points_per_side=4, points_per_batch=64, pixels=None):
    """Scores and masks of the package's own generator."""
    import torch
    from sam2.automatic_mask_generator import SAM2AutomaticMaskGenerator

    generator = SAM2AutomaticMaskGenerator(
        predictor.model,
        points_per_side=points_per_side,
        points_per_batch=points_per_batch,
        pred_iou_thresh=settings["pred_iou_threshold"],
        stability_score_thresh=settings["stability_threshold"],
        box_nms_thresh=settings["box_nms_threshold"],
    )
    generator.predictor = predictor
    with torch.inference_mode():
        masks = generator.generate(blocks(0) if pixels is None else pixels)
    return sorted((mask["predicted_iou"], mask["segmentation"].tobytes()) for mask in masks if mask["area"])


@pytest.fixture
def predictor(sam2_small):
    return predictor_of(sam2_small, blocks(0))


@pytest.fixture(scope="module")
def shared(opened):
    """One open picture for all tests that do not mind what others asked of it."""
    return opened()


@pytest.fixture(scope="module")
def everything(shared):
    return shared.automatic()


@pytest.mark.parametrize(
    ("name", "batch"), [*((name, 64) for name in SETTINGS), ("everything", 5), ("all three", 5)]
)
def test_automatic_masks_are_those_of_the_package(opened, predictor, name, batch):
    ours = opened(batch=batch, settings=SETTINGS[name]).automatic()
    assert sorted(listed(ours)) == generated(predictor, SETTINGS[name], points_per_batch=batch)
    fewest, most = {"everything": (48, 48), "nothing": (0, 0)}.get(name, (2, 40))
    assert fewest <= len(ours) <= most


def test_in_bf16_automatic_masks_are_those_of_the_package_in_bf16(sam2_small):
    import torch

    from vdata_resources.segmenters.sam2_automatic import AutomaticSettings
    from vdata_resources.segmenters.sam2_decoding import PromptBatches
    from vdata_resources.segmenters.sam2_loading import LoadedSam2
    from vdata_resources.segmenters.sam2_picture import Sam2Segmentation

    settings = SETTINGS["distinct"]
    model = LoadedSam2(sam2_small, config_named("tiny"), "cpu", "bf16")
    batches = PromptBatches("tiny", "cpu", 64)
    pixels = blocks(0).repeat(5, axis=0).repeat(5, axis=1)  # bf16 has no odd number above 256
    ours = Sam2Segmentation(model, pixels, AutomaticSettings(4, **settings), batches).automatic()
    with torch.autocast("cpu", torch.bfloat16):
        expected = generated(predictor_of(sam2_small, None), settings, pixels=pixels)
    assert len(ours) > 1
    assert sorted(listed(ours)) == expected


def test_a_checkpoint_of_the_published_size_gives_the_masks_of_the_package(sam2_reference, sam2_checkpoint):
    import torch

    segmenter = Sam2Segmenter(
        "tiny", sam2_checkpoint, device="cpu", points_per_side=1, points_per_batch=2, **ALL
    )
    segmentation = segmenter.open(blocks(0))
    weights = sam2_reference.state_dict()
    assert all(
        torch.equal(weights[name], tensor) for name, tensor in segmentation._model.module.state_dict().items()
    )
    predictor = predictor_of(sam2_reference, None)
    predictor._orig_hw, predictor._is_image_set = [(HEIGHT, WIDTH)], True
    features = (
        segmentation._features()
    )  # encoding takes seconds at this size; smaller ones are compared above
    predictor._features = {"image_embed": features.embedding, "high_res_feats": features.high_resolution}
    with torch.inference_mode():
        expected, _, _ = predictor.predict(box=BOXES[:2], multimask_output=False)
    assert np.array_equal(segmentation.of_boxes(BOXES[:2]), expected[:, 0] > 0)
    predictor.set_image = lambda picture: None  # it is set already
    assert sorted(listed(segmentation.automatic())) == generated(predictor, ALL, points_per_side=1)


def test_automatic_masks_are_not_empty_and_come_best_first(everything):
    scores = [proposal.score for proposal in everything]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    for proposal in everything:
        assert proposal.mask.shape == (HEIGHT, WIDTH)
        assert proposal.mask.dtype == bool
        assert proposal.mask.any()
        assert proposal.mask.base is None  # keeping one keeps no other in memory


def test_the_same_masks_at_every_call_and_of_every_new_segmentation(opened):
    segmentation = opened()
    first = segmentation.automatic()
    expected = listed(first)
    first.clear()  # the caller's own list
    assert listed(segmentation.automatic()) == expected
    assert listed(opened().automatic()) == expected


def test_masks_of_boxes_are_those_of_the_package(shared, predictor):
    import torch

    with torch.inference_mode():
        expected, _, _ = predictor.predict(box=BOXES, multimask_output=False)
    masks = shared.of_boxes(BOXES)
    assert masks.shape == (len(BOXES), HEIGHT, WIDTH)
    assert masks.dtype == bool
    assert np.array_equal(masks, expected[:, 0] > 0)
    assert len({mask.tobytes() for mask in masks}) == len(BOXES)


@pytest.mark.parametrize("size", [1, 2, 5])
def test_boxes_together_give_what_they_give_one_by_one(shared, opened, size):
    together = shared.of_boxes(BOXES)
    # Rounding depends on a batch's size: a logit of almost 0 may change its sign.
    assert (opened(batch=size).of_boxes(BOXES) != together).mean() <= 1e-4


def test_no_boxes_give_no_masks_and_ask_nothing_of_the_model(opened):
    segmentation = opened()
    assert segmentation.of_boxes(np.empty((0, 4), dtype=np.int64)).shape == (0, HEIGHT, WIDTH)
    assert segmentation._embedded is None


@pytest.mark.parametrize(("height", "width"), [(1, 1), (3, 200), (300, 2)])
def test_masks_have_the_size_of_the_picture_whatever_it_is(opened, height, width):
    segmentation = opened()
    segmentation.pixels = np.full((height, width, 3), 100, dtype=np.uint8)
    corners = np.array([[0, 0, width - 1, height - 1]])
    assert segmentation.of_boxes(corners).shape == (1, height, width)
    assert all(proposal.mask.shape == (height, width) for proposal in segmentation.automatic())


def test_how_many_masks_are_enlarged_at_once_changes_no_pixel(monkeypatch):
    import torch

    from vdata_resources.segmenters import sam2_decoding

    logits = torch.randn(7, 256, 256, generator=torch.Generator().manual_seed(0))
    (together,) = sam2_decoding.enlarged(logits, (300, 200))
    monkeypatch.setitem(sam2_decoding.ENLARGED_BYTES, "cpu", 3 * 4 * 300 * 200)
    parts = list(sam2_decoding.enlarged(logits, (300, 200)))
    assert [len(part) for part in parts] == [3, 3, 1]
    assert torch.equal(torch.cat(parts), together)


def test_a_picture_is_encoded_once_and_only_when_needed(opened, model, monkeypatch):
    calls, encode = [], model.module.forward_image
    monkeypatch.setattr(model.module, "forward_image", lambda picture: calls.append(1) or encode(picture))
    segmentation = opened()
    assert calls == []
    asked = [lambda: segmentation.of_boxes(BOXES), segmentation.automatic] * 2
    list(ordered_map(lambda ask: ask(), asked, workers=4))
    assert calls == [1]


def test_threads_share_the_model_and_get_what_one_thread_gets(opened, monkeypatch):
    from vdata_resources.segmenters import sam2_picture

    at_once, inside, decode = [], [], sam2_picture.decoded

    def watched(*arguments, **settings):
        inside.append(1)
        at_once.append(len(inside))
        result = decode(*arguments, **settings)
        inside.pop()
        return result

    monkeypatch.setattr(sam2_picture, "decoded", watched)
    turns = [opened(0), opened(1)] * 3
    together = list(ordered_map(lambda picture: picture.of_boxes(BOXES), turns, workers=4))
    assert set(at_once) == {1}
    for picture, masks in zip(turns, together, strict=True):
        assert np.array_equal(masks, picture.of_boxes(BOXES))
    assert not np.array_equal(together[0], together[1])


def test_segmenters_of_one_checkpoint_share_one_model_in_memory(sam2_checkpoint):
    first, second = (Sam2Segmenter("tiny", sam2_checkpoint, device="cpu", points_per_side=n) for n in (8, 9))
    assert first._loaded is second._loaded


def test_what_is_kept_of_a_picture_goes_with_its_segmentation(opened):
    segmentation = opened()
    kept = weakref.ref(segmentation._features().embedding)
    assert kept() is not None
    del segmentation
    gc.collect()
    assert kept() is None


class LittleMemory:
    """Stands in for a GPU on which only so many prompts fit."""

    def __init__(self, decode, fit):
        self.decode, self.fit, self.sizes = decode, fit, []

    def __call__(self, model, features, prompts, *arguments, **settings):
        import torch

        self.sizes.append(len(prompts))
        if len(prompts) > self.fit:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory.")
        return self.decode(model, features, prompts, *arguments, **settings)


@pytest.fixture
def little_memory(monkeypatch):
    from vdata_resources.segmenters import sam2_automatic

    def at_most(fit):
        memory = LittleMemory(sam2_automatic.decoded, fit)
        monkeypatch.setattr(sam2_automatic, "decoded", memory)
        return memory

    return at_most


def test_batches_are_halved_until_they_fit_and_stay_so_and_the_log_says_so(
    opened, predictor, little_memory, caplog
):
    memory, tight = little_memory(fit=4), opened(batch=None)
    tight._batches.size = 16
    assert sorted(listed(tight.automatic())) == generated(predictor, ALL, points_per_batch=4)
    assert memory.sizes == [16, 8, 4, 4, 4, 4]
    assert tight._batches.size == 4
    assert caplog.messages == [
        f"segment: {size} prompts of sam2.1_hiera_t.yaml do not fit into the GPU's memory, "
        f"continuing with {size // 2} at once"
        for size in (16, 8)
    ]


@pytest.mark.parametrize("size", [8, None])
def test_too_little_memory_for_prompts_is_an_error_that_names_the_setting(opened, little_memory, size):
    little_memory(fit=0)
    with pytest.raises(SegmenterUnavailable) as caught:
        opened(batch=size).automatic()
    assert str(caught.value) == (
        "segmenter.config: not even one prompt of sam2.1_hiera_t.yaml fits into the GPU's memory: "
        "take a smaller config, or set segmenter.device to 'cpu'"
    )


def test_too_little_memory_for_a_picture_is_an_error_that_names_the_setting(opened, model, monkeypatch):
    import torch

    def full(picture):
        raise torch.cuda.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(model.module, "forward_image", full)
    with pytest.raises(SegmenterUnavailable) as caught:
        opened().of_boxes(BOXES)
    assert str(caught.value) == (
        "segmenter.config: one picture does not fit into the GPU's memory beside sam2.1_hiera_t.yaml: "
        "take a smaller config, or set segmenter.device to 'cpu'"
    )


@pytest.mark.parametrize(("precision", "lowered"), [("fp32", False), ("bf16", True)])
def test_a_model_in_use_computes_without_gradients_in_its_precision(sam2_small, precision, lowered):
    import torch

    from vdata_resources.segmenters.sam2_loading import LoadedSam2

    model = LoadedSam2(sam2_small, config_named("tiny"), "cpu", precision)
    with model.in_use():
        assert torch.is_inference_mode_enabled()
        assert torch.is_autocast_enabled("cpu") == lowered
        assert model.lock.locked()
    assert not model.lock.locked()


def test_importing_the_segmenter_imports_neither_torch_nor_sam2():
    code = (
        "import sys; from vdata_resources.segmenters.sam2 import Sam2Segmenter; Sam2Segmenter('tiny', 'x'); "
        "print([name for name in ('torch', 'sam2', 'hydra', 'torchvision') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_on_a_gpu_masks_are_those_of_the_package_in_bf16(sam2_checkpoint):
    import torch
    from sam2.build_sam import build_sam2

    if not torch.cuda.is_available():
        pytest.skip("no CUDA GPU")
    module = build_sam2("configs/sam2.1/sam2.1_hiera_t.yaml", str(sam2_checkpoint), device="cuda")
    with torch.autocast("cuda", torch.bfloat16):
        expected = generated(predictor_of(module, blocks(0)), ALL, points_per_batch=16)
    segmenter = Sam2Segmenter(
        "tiny", sam2_checkpoint, device="cuda", points_per_side=4, points_per_batch=16, **ALL
    )
    assert sorted(listed(segmenter.open(blocks(0)).automatic())) == expected
