"""Settings of the splits of products. Light to import: they are read when the code location loads."""

from pydantic import Field

from vdata_assets.splits.settings import SplitSettings


class ProductSplitSettings(SplitSettings):
    """How products are divided into those that train, that choose the best epoch, and that measure."""

    ratios: dict[str, float] = Field(
        {"train": 0.8, "validation": 0.1, "test": 0.1},
        description="share of the products by split, summing to 1; a split of ratio 0 gets none",
    )
