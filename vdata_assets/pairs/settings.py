"""Settings of the pairs stage. Light to import: they are read when the code location loads."""

import re
from enum import Enum
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from vdata_assets.retrieval.settings import NearDuplicates


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class GroupPattern(_Settings):
    """A regular expression that finds which article a row shows."""

    name: str = Field(min_length=1, description="shown in the audit")
    column: str = Field("product_id", description="product_id, text, or a column that products keep")
    pattern: str = Field(description="Python regular expression with a group named `product`")
    confidence: float = Field(ge=0, le=1, description="how sure it is that equal keys are one article")

    @field_validator("pattern")
    @classmethod
    def _has_a_product(cls, pattern: str) -> str:
        try:
            compiled = re.compile(pattern)
        except re.error as error:
            raise ValueError(f"{pattern!r} is no regular expression: {error}") from error
        if "product" not in compiled.groupindex:
            raise ValueError(f"{pattern!r} has no group (?P<product>...)")
        return pattern


DEEPFASHION = GroupPattern(
    name="deepfashion_id",
    column="product_id",
    pattern=r"^(?P<product>.*\bid_[0-9]{8})[-/][0-9]+_[0-9]+_[a-z]+(?:\.[a-z]+)?$",
    confidence=0.95,
)
_CODE_IS_SAID = (
    r"\b(?=[siparm])(?:sku\b|(?:style|item|product|art(?:icle)?|model|ref(?:erence)?)\b"
    r"(?=[.\s-]{0,3}(?:#|:|(?:no|nr|number|code)\b)))"
    r"[.\s-]{0,3}(?:(?:no|nr|number|code)\b[.\s]{0,3})?[:#]{0,2}\s{0,3}"
)
_NO_YEAR_NOR_SEASON = (
    r"(?!(?:[a-z]{1,2}-?)?(?:19|20)[0-9]{2}(?:s\b|-(?:19|20)?[0-9]{2}\b|-[a-z]{2}|(?![\w-])))(?![0-9]+s\b)"
)
_NO_SIZES_NOR_DATE = (
    r"(?![a-z]{0,4}-?[0-9]{1,2}(?:-[0-9]{1,2})*-(?:[0-9]{1,2}|(?:19|20)[0-9]{2})(?![\w-]))(?![0-9]+x[0-9])"
)
_NO_MEASURE = r"(?![0-9]+-?(?:cm|mm|ml|in|ft|kg|oz|lbs?|gsm|den|pcs?)\b)"
_FOUR_DIGITS = r"(?=(?:[a-z-]{0,8}[0-9]){4})"
_CODE = r"[a-z]{0,4}-?[0-9][a-z0-9-]{2,22}[a-z0-9]"
_ENDS_THERE = r"(?![\w-]|[.,'/][0-9])"
SKU = GroupPattern(
    name="text_sku",
    column="text",
    pattern=f"(?i){_CODE_IS_SAID}(?P<product>{_FOUR_DIGITS}{_NO_YEAR_NOR_SEASON}{_NO_SIZES_NOR_DATE}"
    f"{_NO_MEASURE}{_CODE}){_ENDS_THERE}",
    confidence=0.8,
)


class GroupSettings(_Settings):
    """How views and colours of one article are found."""

    patterns: tuple[GroupPattern, ...] = Field((DEEPFASHION, SKU), description="tried on every product")
    min_confidence: float = Field(0.6, ge=0, le=1, description="keys below this group nothing")
    same_picture_confidence: float = Field(0.9, ge=0, le=1, description="of equal pictures, by their bytes")
    near_picture_confidence: float = Field(0.7, ge=0, le=1, description="of nearly equal pictures")
    near_duplicate_hamming: int = Field(
        4, ge=0, le=31, description="bits in which perceptual hashes of nearly equal pictures differ at most"
    )
    max_group_size: int = Field(
        50, ge=2, description="a key that more products share is no key: it groups nothing and is reported"
    )


class HardNegativeSettings(NearDuplicates):
    """Which look-alikes become negatives."""

    top_k: int = Field(50, ge=1, description="hard negatives a query, the most similar first")
    splits: tuple[str, ...] = Field(
        ("train", "validation"), min_length=1, description="mined within each of these, never across"
    )
    image_weight: float = Field(0.7, ge=0, le=1, description="of the image in the fused score")
    max_score: float | None = Field(
        None, ge=-1, le=1, description="a product more similar than this is no negative; null: no limit"
    )
    absolute_margin: float | None = Field(
        None,
        ge=0,
        le=2,
        description="a negative's score is at most that of the nearest product of the query's group minus "
        "this; queries without a group are not bound",
    )
    relative_margin: float | None = Field(
        None, ge=0, le=1, description="likewise minus this share of that score's magnitude"
    )


class PairKind(Enum):
    """Why two products are a pair. The first four are positives, the last three negatives.

    - ``strong_group``: views or colours of one article.
    - ``strong_attribute``: one category, at least ``strong_shared`` attributes known on both sides, all of
      them equal.
    - ``medium``: one category, at least one attribute known on both sides and equal, at most
      ``medium_max_different`` known and different and fewer than equal, ``hard_attribute`` not among these;
      and not strong.
    - ``weak``: one category, no attribute known on both sides and different, none equal.
    - ``mined_hard``: a hard negative: one category, alike, an attribute known on both sides and different.
    - ``material_hard``: one category, ``hard_attribute`` known on both sides and different.
    - ``easy``: two different known categories.

    A pair is of one kind only. A positive is of the first that fits it, so two views of one article are
    ``strong_group`` and nothing else. A negative is neither of one article nor of one picture.
    """

    STRONG_GROUP = "strong_group"
    STRONG_ATTRIBUTE = "strong_attribute"
    MEDIUM = "medium"
    WEAK = "weak"
    MINED_HARD = "mined_hard"
    MATERIAL_HARD = "material_hard"
    EASY = "easy"

    @property
    def positive(self) -> bool:
        """Whether the two shall be near each other."""
        return self in POSITIVE_KINDS


POSITIVE_KINDS = (PairKind.STRONG_GROUP, PairKind.STRONG_ATTRIBUTE, PairKind.MEDIUM, PairKind.WEAK)
NEGATIVE_KINDS = (PairKind.MINED_HARD, PairKind.MATERIAL_HARD, PairKind.EASY)
USUAL_SHARES = {
    "strong_group": 0.2,
    "strong_attribute": 0.2,
    "medium": 0.1,
    "weak": 0.05,
    "mined_hard": 0.25,
    "material_hard": 0.1,
    "easy": 0.1,
}


class PairSettings(_Settings):
    """How many training pairs, and of which kinds."""

    num_pairs: dict[str, int] = Field(
        {"train": 50_000, "validation": 5_000}, min_length=1, description="pairs wanted by split"
    )
    shares: dict[PairKind, float] = Field(
        {PairKind(name): share for name, share in USUAL_SHARES.items()},
        description="share of each kind, summing to 1; a kind that is not named has none",
    )
    strong_shared: int = Field(2, ge=1, description="attributes that a strong_attribute pair has in common")
    medium_max_different: int = Field(1, ge=0, description="attributes in which a medium pair may differ")
    hard_attribute: str = Field("material", description="attribute in which a material_hard pair differs")
    max_pairs_per_product: int = Field(
        100, ge=1, description="pairs of one kind in which a product stands at most"
    )
    seed: int = Field(42, description="decides which pairs are drawn")

    @model_validator(mode="after")
    def _shares_of_one(self) -> Self:
        wrong = [kind for kind, share in self.shares.items() if not 0 <= share <= 1]
        if wrong:
            raise ValueError(f"shares: {wrong[0].value} is {self.shares[wrong[0]]}, not from 0 to 1")
        total = sum(self.shares.values())
        if abs(total - 1) > 1e-6:
            raise ValueError(f"shares sum to {total:g}: make them sum to 1")
        negative = [split for split, pairs in self.num_pairs.items() if pairs < 0]
        if negative:
            raise ValueError(f"num_pairs: {negative[0]} is {self.num_pairs[negative[0]]}, less than 0")
        return self
