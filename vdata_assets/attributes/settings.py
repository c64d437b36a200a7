"""Settings of the attributes stage. Light to import: they are read when the code location loads."""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

UNKNOWN = "unknown"
CATEGORY = "category"


class AttributeSettings(BaseModel):
    """Where a product's attributes come from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rules: str | None = Field(
        "fashion",
        description="fashion: the rules that come with vdata (material, pattern, neckline, sleeve); or the "
        "path of a YAML file of your own rules, relative to root; null: columns alone",
    )
    columns: dict[str, str] = Field(
        {},
        description="attribute: column of the source that says it. Where a rule's attribute has the same "
        "name, the column is believed and the text asked where it is empty",
    )

    @model_validator(mode="after")
    def _some_attribute(self) -> Self:
        if self.rules is None and not self.columns:
            raise ValueError("rules is null and columns is empty: set one of them, for there is no attribute")
        for name in self.columns:
            if not name.isidentifier() or name == CATEGORY:
                raise ValueError(
                    f"columns: attribute {name!r} needs a name of letters, digits and underscores other than "
                    f"{CATEGORY!r}"
                )
        return self
