"""Settings of the splits stage. Light to import: they are read when the code location loads."""

from fractions import Fraction
from math import ceil, floor
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator


class ConceptSplitSettings(BaseModel):
    """How concepts are divided between training and validation."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    concept_frac: float = Field(
        0.65, ge=0, le=1, description="share of a category's concepts that go to training, rounded up"
    )
    min_concepts_threshold: int = Field(
        3, ge=1, description="categories with fewer concepts than this go to validation whole"
    )
    test_sample_frac: float = Field(
        1.0,
        ge=0,
        le=1,
        description="share of a training concept's test images that is merged into its train images: "
        "rounded down, but at least one image unless the share is 0",
    )
    max_test_images: int = Field(200, ge=0, description="most test images merged into one training concept")
    seed: int = Field(23, description="seed of the choice of concepts and of test images")

    def training_concepts(self, concepts: int) -> int:
        """How many of a category's ``concepts`` go to training."""
        if concepts < self.min_concepts_threshold:
            return 0
        return ceil(_exact(self.concept_frac) * concepts)

    def sampled_images(self, test_images: int) -> int:
        """How many of a training concept's ``test_images`` are merged into its train images."""
        if not test_images or not self.test_sample_frac:
            return 0
        share = floor(_exact(self.test_sample_frac) * test_images)
        return min(max(1, share), self.max_test_images)

    def file_names(self) -> dict[str, str]:
        """Names of the files for ``train``, ``validation`` and ``metadata``."""
        return {
            "train": f"train_combined_concepts_subset_seed_{self.seed}.json",
            "validation": f"validation_combined_concepts_subset_seed_{self.seed}.json",
            "metadata": f"train_val_combined_metadata_seed_{self.seed}.json",
        }


def _exact(share: float) -> Fraction:
    """The decimal that the user wrote: 0.65 as 13/20, so that 0.65 * 20 is 13 and its ceiling not 14."""
    return Fraction(str(share))


class ConceptSubsetSettings(BaseModel):
    """Which concepts a subset is made of."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    k: int = Field(30, ge=1, description="how many concepts to choose; all are taken if there are fewer")
    target: int = Field(1000, ge=0, description="train images that the chosen concepts shall have together")
    cover_categories: bool = Field(False, description="whether every category gets at least one concept")
    seed: int = Field(23, description="decides between equally close choices")


class SplitSettings(BaseModel):
    """How samples are divided into train, val and test, or whatever splits the ratios name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    strategy: Literal["stratified", "temporal", "random"] = Field(
        "stratified",
        description="stratified: every split has the classes' shares of the whole; temporal: whole videos; "
        "random: sizes alone count. Groups stay whole in each",
    )
    ratios: dict[str, float] = Field(
        {"train": 0.8, "val": 0.1, "test": 0.1},
        description="share of the samples by split, summing to 1; a split of ratio 0 gets none",
    )
    seed: int = Field(42, description="decides between equally good splits")
    video: str = Field("video_id", description="column that the temporal strategy keeps whole")
    on_growth: Literal["keep", "rebalance"] = Field(
        "keep",
        description="keep: samples that have a split never move; rebalance: all are split anew",
    )
    size_tolerance: float = Field(
        5.0, ge=0, description="percentage points by which a split's share may differ from its ratio"
    )
    class_tolerance: float = Field(
        5.0,
        ge=0,
        description="percentage points by which a class's share in a split may differ from that in the whole",
    )

    @field_validator("ratios")
    @classmethod
    def _shares_of_one(cls, ratios: dict[str, float]) -> dict[str, float]:
        """Named shares, none negative, that are 1 together."""
        wrong = [name for name, ratio in ratios.items() if not name or not 0 <= ratio <= 1]
        if wrong:
            raise ValueError(f"ratio of {wrong[0]!r} is {ratios[wrong[0]]}: name it and set it from 0 to 1")
        total = sum((_exact(ratio) for ratio in ratios.values()), Fraction(0))
        if abs(total - 1) * 10**6 > 1:
            raise ValueError(f"ratios sum to {float(total)}: make them sum to 1")
        return ratios

    def wanted_sizes(self, samples: int) -> dict[str, int]:
        """How many of ``samples`` each split shall have: by largest remainder, the earlier name on a tie.

        A split with a positive ratio that would have none takes one from the largest, while there is one
        to spare.
        """
        total = sum((_exact(ratio) for ratio in self.ratios.values()), Fraction(0))
        shares = {name: _exact(ratio) / total * samples for name, ratio in self.ratios.items()}
        sizes = {name: floor(share) for name, share in shares.items()}
        by_remainder = sorted(shares, key=lambda name: sizes[name] - shares[name])
        for name in by_remainder[: samples - sum(sizes.values())]:
            sizes[name] += 1
        for name, share in shares.items():
            largest = max(sizes, key=lambda other: sizes[other])
            if share and not sizes[name] and sizes[largest] > 1:
                sizes[name] += 1
                sizes[largest] -= 1
        return sizes
