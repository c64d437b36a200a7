"""Settings of the catalog stage. Light to import: they are read when the code location loads."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

LayoutName = Literal["explicit", "auto_split"]


class Layout(BaseModel):
    """How the folders under the root are read.

    - ``explicit``: ``<train_dirname>/<category>/<concept>/`` and ``<test_dirname>/<category>/<concept>/``;
      one of the two split folders may be absent.
    - ``auto_split``: ``<category>/<concept>/``; the images of a concept are divided by seed.
    - ``auto``: ``explicit`` if an image lies in a ``<category>/<concept>/`` folder of at least one split
      folder, else ``auto_split``. A category called "train" in an auto-split tree is thus no split
      folder: its images lie one level higher.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    layout: Literal["auto", LayoutName] = Field(
        default="auto",
        description="explicit: train and test folders above the categories; auto_split: categories at the "
        "root, images divided by seed; auto: explicit if there are such folders, else auto_split",
    )
    train_dirname: str = Field(
        default="train", description="name of the training split's folder, case-sensitive"
    )
    test_dirname: str = Field(default="test", description="name of the test split's folder, case-sensitive")
    negatives_dirname: str | None = Field(
        default=None,
        description="name of a folder inside a concept that holds counterexamples to it; null: none",
    )

    @model_validator(mode="after")
    def _sound_names(self) -> Self:
        for setting in ("train_dirname", "test_dirname", "negatives_dirname"):
            name = getattr(self, setting)
            if name is not None and (not name or "/" in name or name.startswith(".")):
                raise ValueError(f"{setting}: {name!r} is not the name of a visible folder")
        if self.train_dirname == self.test_dirname:
            raise ValueError(f"train_dirname and test_dirname are both {self.train_dirname!r}")
        return self

    @property
    def split_dirnames(self) -> dict[str, str]:
        """Split by the name of its folder."""
        return {self.train_dirname: "train", self.test_dirname: "test"}


class AutoSplit(BaseModel):
    """How many images of a concept go to training, and which, where the folders do not say it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    train_fraction: float = Field(
        default=0.2,
        gt=0,
        le=1,
        description="share of a concept's readable images for training, rounded half up, at least one",
    )
    num_train: int | None = Field(
        default=None,
        ge=1,
        description="number of a concept's training images instead of a share, all where it has fewer; "
        "null: train_fraction decides",
    )
    seed: int = Field(default=42, description="decides which images are for training")


class CatalogSettings(Layout, AutoSplit):
    """All settings of the catalog asset, as they stand in the YAML."""

    relative: bool = Field(
        default=False, description="paths in catalog.json: relative to the root, or absolute"
    )
    min_train_images: int = Field(
        default=2, ge=1, description="readable training images that a concept needs"
    )
    max_imbalance: float = Field(
        default=10.0, ge=1, description="how many times as large as a concept the largest one may be"
    )
