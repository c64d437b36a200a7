"""SAM2 models with random weights, shared by all tests that need one."""

import pytest


def built(*overrides):
    """The package's own tiny model; its decoder's weights are enlarged so that masks and scores differ."""
    import torch
    from sam2.build_sam import build_sam2

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        module = build_sam2(
            "configs/sam2.1/sam2.1_hiera_t.yaml", device="cpu", hydra_overrides_extra=list(overrides)
        )
    with torch.no_grad():
        for name, weights in module.named_parameters():
            if name.startswith(("sam_mask_decoder.", "sam_prompt_encoder.point_")) and weights.ndim > 1:
                weights.mul_(3)
    return module


@pytest.fixture(scope="session")
def sam2_reference():
    """As it is published, but for the weights."""
    return built()


@pytest.fixture(scope="session")
def sam2_small():
    """The same at 256 rather than 1,024 pixels; each mask is a spot that depends on its prompt."""
    import torch

    module = built("model.image_size=256")

    def spotlight(decoder, inputs, named, outputs):
        masks, *others = outputs
        where = named["sparse_prompt_embeddings"][:, 0, :2].div(2).sigmoid()[:, :, None, None, None]
        y, x = torch.meshgrid(*(torch.linspace(0, 1, side) for side in masks.shape[-2:]), indexing="ij")
        radius = torch.linspace(0.1, 0.3, masks.shape[1])[:, None, None]
        distance = (x - where[:, 0]) ** 2 + (y - where[:, 1]) ** 2
        spots = masks / 10 + 8 * torch.exp(-distance / radius**2) - 4
        return spots.to(masks.dtype), *others

    module.sam_mask_decoder.register_forward_hook(spotlight, with_kwargs=True)
    return module


@pytest.fixture(scope="session")
def sam2_checkpoint(sam2_reference, tmp_path_factory):
    """The weights in a file, as the project publishes them."""
    import torch

    path = tmp_path_factory.mktemp("sam2") / "tiny.pt"
    torch.save({"model": sam2_reference.state_dict()}, path)
    return path
