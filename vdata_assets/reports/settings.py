"""Settings of the reports stage. Light to import: they are read when the code location loads."""

from pydantic import BaseModel, ConfigDict, Field


class AnalysisSettings(BaseModel):
    """What the analysis of a dataset shows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = Field(0, description="chooses the concepts and views of the contact sheets")
    shown_sheets: int = Field(
        4, ge=0, description="contact sheets shown in the UI; the folder has one for every category"
    )


class SummarySettings(BaseModel):
    """What the summary of an annotation dataset shows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = Field(0, description="chooses the frames of the overlay sheet")
    tiles: int = Field(12, ge=1, le=60, description="frames on an overlay sheet")


class GallerySettings(BaseModel):
    """Which queries the gallery of a retrieval shows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    queries: int = Field(100, ge=1, description="queries in gallery.html, as many of each category")
    seed: int = Field(42, description="chooses them")
