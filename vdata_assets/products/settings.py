"""Settings of the products stage. Light to import: they are read when the code location loads."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

ROW, UNIQUE = "row", "product_id"
OWN_COLUMNS = frozenset(
    {
        "row",
        "product_id",
        "picture",
        "embedded",
        "category",
        "partition",
        "text",
        "content_hash",
        "phash",
        "width",
        "height",
        "shard",
        "reason",
    }
)
DATASET_COLUMNS = frozenset({"item_ID", "image", "text", "category2"})


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CsvSource(_Settings):
    """A CSV or TSV file; pictures are files under the dataset's root."""

    type: Literal["csv"] = "csv"
    file: str = Field("products.csv", min_length=1, description="relative to root")
    separator: str = Field(",", min_length=1, max_length=1, description="one character")


class ParquetSource(_Settings):
    """Parquet files; pictures are files under the root, or bytes in the image column."""

    type: Literal["parquet"] = "parquet"
    file: str = Field(
        "products.parquet", min_length=1, description="relative to root: a file, or a folder of files"
    )


class HuggingFaceSource(_Settings):
    """A folder that `save_to_disk` wrote: a Dataset, or a DatasetDict, whose splits are read one by one."""

    type: Literal["huggingface"] = "huggingface"
    folder: str = Field(".", min_length=1, description="relative to root")


ProductSource = Annotated[CsvSource | ParquetSource | HuggingFaceSource, Field(discriminator="type")]


class ProductColumns(_Settings):
    """Which columns of the source say what."""

    product_id: str = Field("item_ID", min_length=1, description="unique id of a row: a view of a product")
    image: str | None = Field(
        "image",
        description="picture: a path, or an image with its bytes (Hugging Face, Parquet); "
        "null where image_path says it",
    )
    image_path: str | None = Field(
        None,
        description="path of the picture with columns in braces, e.g. images/{id}.jpg, instead of `image`",
    )
    category: str = Field("category2", min_length=1, description="category, the partition of hard negatives")
    text: str | None = Field("text", description="title or description; null if there is none")

    @model_validator(mode="after")
    def _one_way_to_the_picture(self) -> Self:
        if (self.image is None) == (self.image_path is None):
            raise ValueError(
                f"image {self.image!r} and image_path {self.image_path!r}: set one of them, the other to null"
            )
        return self


class ProductSettings(_Settings):
    """Where products come from."""

    source: ProductSource = CsvSource()
    columns: ProductColumns = ProductColumns()
    find_pictures: Literal["path", "name"] = Field(
        "path",
        description="path: a picture's path starts at root; name: its file name or stem is looked for in all "
        "folders under root, and must be there once",
    )
    keep: tuple[str, ...] = Field((), description="further columns of the source to keep, as strings")
    categories: tuple[str, ...] | None = Field(
        None, description="categories that there are; another one counts as unknown. null: all are known"
    )
    shard_size: int = Field(2048, ge=1, description="products that one partition of the embeddings takes")

    @model_validator(mode="after")
    def _kept_columns_have_their_own_names(self) -> Self:
        if taken := sorted(OWN_COLUMNS & set(self.keep)):
            raise ValueError(f"keep: {taken[0]!r} is a column of the products table: rename it in the source")
        if taken := sorted(DATASET_COLUMNS & set(self.keep)):
            raise ValueError(
                f"keep: {taken[0]!r} is a column of the products dataset: rename it in the source"
            )
        return self
