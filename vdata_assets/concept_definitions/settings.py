"""Settings of the concept definitions. Light to import: they are read when the code location loads."""

from pydantic import BaseModel, ConfigDict, Field


class ConceptDefinitionSettings(BaseModel):
    """What is looked at to put a concept into words."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    views: int = Field(
        3,
        ge=1,
        le=8,
        description="training images a definition is written from; one more verifies it, if there is one",
    )
    seed: int = Field(23, description="chooses the views")
    max_side: int = Field(768, ge=64, description="long side of a view in pixels, never enlarged")
    display_categories: dict[str, str] = Field(
        {},
        description="what a category is called in sentences, by its folder's name, e.g. veg: vegetable; a "
        "category that is not listed is called as its folder, with spaces for underscores",
    )
