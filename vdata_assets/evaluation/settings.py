"""Settings of the evaluation stage. Light to import: they are read when the code location loads."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from vdata_assets.retrieval.search_settings import SearchSettings

KS = (1, 5, 10)
METRICS = ("match", "match_unknown_as_zero", "recall", "mrr", "ndcg")
MetricName = Literal["match", "match_unknown_as_zero", "recall", "mrr", "ndcg"]


class EvaluationSettings(SearchSettings):
    """Which products are searched for, among which, and how sure the figures are."""

    candidates: int = Field(
        200, ge=max(KS), description="products that the first stage takes, by image alone"
    )
    query_split: str = Field("test", min_length=1, description="split of the queries")
    catalog_splits: tuple[str, ...] = Field(
        ("train",), min_length=1, description="splits of the products that are searched"
    )
    bootstrap: int = Field(1000, ge=100, description="resamples of the queries for the 95 % intervals")
    seed: int = Field(42, description="of the resampling")


class Target(BaseModel):
    """A figure that training is meant to raise."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, description="as the scoreboard shows it, e.g. Denim@10")
    facet: str = Field(description="what is to match: category or an attribute")
    slice_by: str | None = Field(None, description="facet whose value the queries have; null: all queries")
    slice_value: str | None = Field(None, description="that value, in any case of letters")
    metric: MetricName = "match"
    k: Literal[1, 5, 10] = 10
    min_gain: float = Field(description="percentage points that it is to gain at least")
    max_gain: float | None = Field(None, description="points up to which a gain was expected; shown only")

    @model_validator(mode="after")
    def _whole_slice(self) -> Self:
        if (self.slice_by is None) != (self.slice_value is None):
            raise ValueError(f"target {self.name!r}: set both of slice_by and slice_value, or none")
        if self.max_gain is not None and self.max_gain < self.min_gain:
            raise ValueError(
                f"target {self.name!r}: max_gain {self.max_gain} is less than min_gain {self.min_gain}"
            )
        return self


DOCUMENT_TARGETS = (
    Target(name="Neckline@10", facet="neckline", min_gain=5, max_gain=10),
    Target(name="Cardigans@10", facet="category", slice_by="category", slice_value="cardigans", min_gain=10),
    Target(name="Shorts@10", facet="category", slice_by="category", slice_value="shorts", min_gain=10),
    Target(name="Denim@10", facet="material", slice_by="material", slice_value="denim", min_gain=10),
    Target(name="Leather@10", facet="material", slice_by="material", slice_value="leather", min_gain=10),
)


class ScoreboardSettings(BaseModel):
    """What a checkpoint is held against."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    targets: tuple[Target, ...] = Field(
        DOCUMENT_TARGETS, min_length=1, description="figures that are to rise, in percentage points"
    )
    min_queries: int = Field(
        30, ge=2, description="with fewer queries that know the facet a figure is not measurable"
    )
    max_regression: float = Field(
        1.0,
        ge=0,
        description="points by which a facet's overall match@10 or a target may fall; beyond, the model is "
        "held back if the whole 95 % interval of the change is below zero",
    )

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [target.name for target in self.targets]
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise ValueError(f"targets: {twice!r} is there twice: give each its own name")
        return self
