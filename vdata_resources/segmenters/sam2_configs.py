"""Which SAM2 models there are, and under which names people ask for them."""

from collections.abc import Iterator
from dataclasses import dataclass

PROJECT = "facebookresearch/sam2"


@dataclass(frozen=True)
class Sam2Config:
    """A published model.

    Attributes:
        version: ``2`` or ``2.1``.
        letter: how its configuration file calls its size.
        size: how its published weights call its size.
        embed_dim: width of the image encoder's first stage, of which its weights can be told.
        blocks: depth of the image encoder, likewise.
    """

    version: str
    letter: str
    size: str
    embed_dim: int
    blocks: int

    @property
    def name(self) -> str:
        """Its configuration file, e.g. ``sam2.1_hiera_l.yaml``."""
        return f"sam{self.version}_hiera_{self.letter}.yaml"

    @property
    def path(self) -> str:
        """Its configuration file inside the ``sam2`` package."""
        return f"configs/sam{self.version}/{self.name}"

    @property
    def weights(self) -> str:
        """The file in which its weights are published."""
        return f"sam{self.version}_hiera_{self.size}.pt"

    @property
    def names(self) -> Iterator[str]:
        """All that people write for it; a bare size means version 2.1."""
        yield from (self.path, self.name, self.name.removesuffix(".yaml"))
        stem = self.weights.removesuffix(".pt")
        yield from (stem, f"{stem}.yaml")
        hub_name = stem.replace("_", "-")
        yield from (hub_name, f"facebook/{hub_name}")
        if self.version == "2.1":
            yield self.size


SIZES = (("t", "tiny", 96, 12), ("s", "small", 96, 16), ("b+", "base_plus", 112, 24), ("l", "large", 144, 48))
CONFIGS = tuple(Sam2Config(version, *size) for version in ("2.1", "2") for size in SIZES)
BY_NAME = {name: config for config in CONFIGS for name in config.names}


def config_named(name: str) -> Sam2Config:
    """The model that a setting means.

    Raises:
        ValueError: it means none.
    """
    if name not in BY_NAME:
        sizes = ", ".join(config.size for config in CONFIGS if config.version == "2.1")
        known = ", ".join(config.name for config in CONFIGS)
        raise ValueError(
            f"segmenter.config: {name!r} is no SAM2 model: set one of {known}, or for SAM 2.1 just {sizes}"
        )
    return BY_NAME[name]


def config_of_weights(embed_dim: int, blocks: int, is_2_1: bool) -> Sam2Config | None:
    """The model whose weights have these dimensions."""
    wanted = (embed_dim, blocks, "2.1" if is_2_1 else "2")
    for config in CONFIGS:
        if (config.embed_dim, config.blocks, config.version) == wanted:
            return config
    return None
