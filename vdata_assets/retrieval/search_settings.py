"""Settings of two-stage search. Light to import: they are read when the code location loads."""

from pydantic import BaseModel, ConfigDict, Field


class SearchSettings(BaseModel):
    """Image first, then image and text together."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    candidates: int = Field(200, ge=1, description="products that the first stage takes, by image alone")
    image_weight: float = Field(
        0.7,
        ge=0,
        le=1,
        description="weight of the image's similarity in the second stage; the text's has the rest. Where "
        "query or candidate has no text, the image's counts alone",
    )
