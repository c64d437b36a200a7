"""Settings of the conversations stage. Light to import: they are read when the code location loads."""

from pydantic import BaseModel, ConfigDict, Field


class SegmentationSettings(BaseModel):
    """How instructions about annotated frames are worded."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = Field(42, description="chooses each sample's instruction and its phrasing")
