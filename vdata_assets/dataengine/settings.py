"""Settings of the data engine. Light to import: they are read when the code location loads."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from vdata_assets.splits.settings import SplitSettings


class EngineImageSettings(BaseModel):
    """How images are divided into shards."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    shard_size: int = Field(100, ge=1, le=100_000, description="images a partition")


class RegionSettings(BaseModel):
    """How regions are found."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_side: int = Field(
        768, ge=0, description="long side of the working picture in pixels, never enlarged; 0: full size"
    )
    min_mask_area: int = Field(1000, ge=1, description="automatic masks of fewer pixels refine nothing")
    min_refinement_iou: float = Field(
        0.5, gt=0, le=1, description="IoU with the initial mask from which an automatic mask refines it"
    )
    given_regions: str | None = Field(
        None,
        description="COCO JSON file with masks and labels, absolute or relative to root: images that it "
        "holds take their regions from it, and are not captioned",
    )
    min_acceptance: float = Field(0.2, ge=0, le=1, description="of masks; below, the shard is warned of")
    max_acceptance: float = Field(1.0, ge=0, le=1, description="of masks; above, the shard is warned of")
    max_error_share: float = Field(0.1, ge=0, le=1, description="of questions that had no answer")


class PromptSettings(BaseModel):
    """How prompts are written and judged."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    negatives: bool = Field(True, description="also write prompts whose target is absent")
    min_acceptance: float = Field(0.2, ge=0, le=1, description="of prompts; below, the shard is warned of")
    max_acceptance: float = Field(1.0, ge=0, le=1, description="of prompts; above, the shard is warned of")
    max_error_share: float = Field(0.1, ge=0, le=1, description="of questions that had no answer")
    min_family_share: float = Field(
        0.05, ge=0, le=0.2, description="of the accepted prompts, for each family that writes at all"
    )


class ConvsegExportSettings(BaseModel):
    """What is exported for train.py and eval.py."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mode: Literal["train", "eval", "both"] = Field(
        "both", description="train: dataset.jsonl; eval: items.json"
    )
    path_mode: Literal["relative", "absolute"] = Field(
        "relative", description="paths in the files: relative to the export, or absolute"
    )
    include_negatives: bool = Field(
        False, description="export accepted prompts whose target is absent, with an empty mask"
    )
    full_size: bool = Field(
        False, description="images at their own size, masks scaled up to it; else both at working size"
    )
    per_split: bool = Field(False, description="one export a split, in folders named as the ratios")
    splits: SplitSettings = Field(
        SplitSettings(),
        description="which images train, which validate and which test; stratified by the concept families "
        "of their prompts",
    )
    near_duplicate_hamming: int = Field(
        4,
        ge=0,
        le=31,
        description="images whose 64-bit perceptual hashes differ in at most so many bits share a split",
    )

    @model_validator(mode="after")
    def _images_have_no_time(self) -> Self:
        if self.splits.strategy == "temporal":
            raise ValueError("splits.strategy is temporal, but images have no time: set stratified or random")
        return self
