"""Settings of the retrieval stage: how hard negatives are mined, and how categories are combined."""

from enum import Enum
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Strategy(Enum):
    """Which image of a candidate concept becomes its distractor, and which concepts are taken first.

    Whatever the strategy, the candidates are the concepts nearest to the query by mean vector, at most one
    image of each is taken, and images that a guard refuses do not take part.

    - ``similar``: the image most similar to the query; the most similar of these images first.
    - ``dissimilar``: the image least similar to the query; the least similar of these images first.
    - ``random``: a uniform draw among the images of all candidate concepts, repeated without the concepts
      already drawn.
    - ``mixed``: each query draws one of the three above, with equal chances.
    """

    SIMILAR = "similar"
    DISSIMILAR = "dissimilar"
    RANDOM = "random"
    MIXED = "mixed"


class NearDuplicates(BaseModel):
    """When two images count as copies of one photo."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    near_duplicate_hamming: int | None = Field(
        default=4,
        ge=0,
        le=64,
        description="two images are near-duplicates if their 64-bit perceptual hashes differ in at most this "
        "many bits; null: hashes are not compared",
    )
    near_duplicate_cosine: float | None = Field(
        default=0.985,
        gt=0,
        le=1,
        description="two images are near-duplicates if their cosine similarity is at least this; null: "
        "similarities are not compared",
    )


class MiningSettings(NearDuplicates):
    """How the retrieval rows of a category are mined."""

    seed: int = Field(default=23, description="decides every random choice, and names the output folder")
    top_k: int = Field(default=3, ge=2, description="images a row: one positive and top_k - 1 distractors")
    candidate_concepts: int = Field(
        default=8, ge=1, description="how many other concepts, nearest by mean vector, may give a distractor"
    )
    strategy: Strategy = Field(
        default=Strategy.SIMILAR,
        description="similar: the nearest image of each candidate concept, hardest first; dissimilar: the "
        "farthest; random: a uniform draw; mixed: each query draws one of the three",
    )
    easy_positive_prob: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="share of queries whose positive is the most similar view instead of the least similar",
    )
    max_score: float | None = Field(
        default=None,
        ge=-1,
        le=1,
        description="an image whose similarity to the query is above this is never a distractor",
    )
    absolute_margin: float | None = Field(
        default=None,
        ge=0,
        le=2,
        description="a distractor's similarity is at most the positive's minus this",
    )
    relative_margin: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="a distractor's similarity is at most the positive's minus this share of its magnitude",
    )

    @model_validator(mode="after")
    def _enough_candidates(self) -> Self:
        if self.candidate_concepts < self.top_k - 1:
            raise ValueError(
                f"candidate_concepts={self.candidate_concepts} cannot give top_k - 1 = {self.top_k - 1} "
                f"distractors, one a concept: set candidate_concepts to at least {self.top_k - 1}"
            )
        return self


class CombineSettings(BaseModel):
    """How the rows of all categories become one file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = Field(default=42, description="decides every random choice, and names the output folder")
    categories: tuple[str, ...] | None = Field(
        default=None, description="display names of the categories to combine, in this order; null: all"
    )
    num_samples: int | None = Field(
        default=None, ge=1, description="how many rows to draw over all categories; null: all"
    )
    cross_category_prob: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="share of rows whose distractors are all replaced by distractors of other categories",
    )
    near_duplicate_hamming: int | None = Field(
        default=4,
        ge=0,
        le=64,
        description="an image of another category is no replacement if its perceptual hash differs from the "
        "query's or the positive's in at most this many bits; null: hashes are not compared",
    )
