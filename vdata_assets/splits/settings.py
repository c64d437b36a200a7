"""Settings of the splits stage. Light to import: they are read when the code location loads."""

from fractions import Fraction
from math import ceil, floor

from pydantic import BaseModel, ConfigDict, Field


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
