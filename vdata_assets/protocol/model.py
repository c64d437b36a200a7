"""Linear projections over frozen vectors, and a linear head an attribute. Imports torch."""

from collections.abc import Mapping, Sequence

import torch
from torch import nn
from torch.nn import functional

from vdata_assets.protocol.settings import ProtocolSettings
from vdata_assets.seeding import seeded_int


class ProtocolModel(nn.Module):
    """What is trained.

    The projections have no bias, so a missing text's zeros stay zeros. Without a ``projection_dim`` they
    start as the identity: the untrained model is the encoder. With one they start as a seeded matrix with
    orthonormal rows (columns, if it is longer than the vectors). Texts that are not trained are left as they
    are, at their own length.

    The heads see the projected image alone: the attributes were read from the text, which would tell them.
    Each has an output for every value that the schema lists, whether or not training shows it, and none for
    unknown. They start at zero.

    Args:
        image_dim: length of an image vector.
        text_dim: of a text vector.
        values: the values of each attribute.
        settings: ``projection_dim`` and seed.
        trains_text: whether texts are trained.
    """

    def __init__(
        self,
        image_dim: int,
        text_dim: int,
        values: Mapping[str, Sequence[str]],
        settings: ProtocolSettings,
        *,
        trains_text: bool = True,
    ) -> None:
        super().__init__()
        text_length = settings.projection_dim if trains_text else None
        self.image = nn.Parameter(_start(settings.projection_dim, image_dim, settings.seed, "image"))
        self.text = nn.Parameter(_start(text_length, text_dim, settings.seed, "text"))
        self.sizes = [len(listed) for listed in values.values()]
        self.heads = nn.Parameter(torch.zeros(sum(self.sizes), self.image.shape[0]))
        self.biases = nn.Parameter(torch.zeros(sum(self.sizes)))

    def project_image(self, vectors: torch.Tensor) -> torch.Tensor:
        """(n, image_dim) to (n, p), L2-normalised."""
        return functional.normalize(vectors @ self.image.T)

    def project_text(self, vectors: torch.Tensor) -> torch.Tensor:
        """(n, text_dim) to (n, p), L2-normalised; zeros stay zeros."""
        return functional.normalize(vectors @ self.text.T)

    def logits(self, projected: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Of projected images (n, p), one (n, values) an attribute."""
        return (projected @ self.heads.T + self.biases).split(self.sizes, dim=1)


def _start(rows: int | None, columns: int, seed: int, which: str) -> torch.Tensor:
    """The projection before training."""
    if rows is None:
        return torch.eye(columns)
    generator = torch.Generator().manual_seed(seeded_int(seed, "protocol-projection", which) >> 1)
    return nn.init.orthogonal_(torch.empty(rows, columns), generator=generator)
