"""What the assets of class conversations read from each other."""

from typing import TYPE_CHECKING, Any

from vdata_assets.workflows import tables
from vdata_assets.workflows.recipe import Step
from vdata_resources.store import Version

if TYPE_CHECKING:
    import polars as pl

    from vdata_assets.conversations.class_samples import Conversations
    from vdata_assets.conversations.class_settings import ClassBalanceSettings, ClassWordingSettings
    from vdata_assets.splits.settings import SplitSettings

IMAGES, LOOK_ALIKES, SPLITS = "images.parquet", "look_alikes.parquet", "splits.parquet"
KNOWN_IDS = ["image_id", "sample_id"]


def counted(table: "pl.DataFrame", column: str) -> str:
    """How many rows have each value."""
    return tables.as_markdown(table.group_by(column).agg(images=_len()).sort(column))


def _len() -> "pl.Expr":
    import polars as pl

    return pl.len()


def previous_splits(step: Step) -> "pl.DataFrame | None":
    """The splits of the version before, if there is one."""
    file = tables.previous_table(step, SPLITS)
    return tables.read(file) if file else None


def training_images(catalog: Version, splits: Version, settings: "SplitSettings") -> "pl.DataFrame":
    """image_id, path, class and content_hash of the images of the split that trains."""
    import polars as pl

    from vdata_assets.splits.class_split_audit import largest_split

    placed = tables.read(splits.file(SPLITS))
    train = placed.filter(pl.col("split") == largest_split(settings)).select(image_id="sample_id")
    return (
        tables.read(catalog.file(IMAGES))
        .join(train, on="image_id", how="semi", maintain_order="left")
        .select("image_id", "path", "class", "content_hash")
    )


def listed(near: "pl.DataFrame") -> "pl.DataFrame":
    """The look-alikes of each class as one text."""
    import polars as pl

    return near.with_columns(pl.col("look_alikes").list.join(", "))


def conversation_inputs(step: Step, *, near: bool) -> dict[str, Any]:
    """What conversations are made of."""
    found = {"catalog": step.upstream("catalog"), "splits": step.upstream("splits")}
    return {**found, "look_alikes": step.upstream("look_alikes")} if near else found


def conversations_of(
    step: Step,
    catalog: Version,
    splits: Version,
    near: Version | None,
    wording: "ClassWordingSettings",
    balance: "ClassBalanceSettings",
    split_settings: "SplitSettings",
) -> "Conversations":
    """What is said about every image; ids of samples stay what they were."""
    from vdata_assets.conversations.class_balance import sample_rows
    from vdata_assets.conversations.class_look_alikes import by_class
    from vdata_assets.conversations.class_samples import Conversations

    version = step.store.artifact(step.dataset.name, "conversations").current()
    known = None if version is None else _own_ids(version)
    rows = sample_rows(
        tables.read(catalog.file(IMAGES)),
        tables.read(splits.file(SPLITS)),
        split_settings,
        balance,
        wording.seed,
        known,
    )
    alike = by_class(tables.read(near.file(LOOK_ALIKES))) if near else None
    return Conversations(rows, wording, alike)


def _own_ids(version: Version) -> "pl.DataFrame":
    """The ids of the samples that are no copies."""
    import polars as pl

    from vdata_assets.conversations.class_files import TABLE

    return tables.scan(version.file(TABLE)).filter(pl.col("copy") == 0).select(KNOWN_IDS).collect()


def sample_counts(rows: "pl.DataFrame") -> str:
    """Images and samples of each class and split."""
    from vdata_assets.conversations.class_balance import class_counts

    return tables.as_markdown(class_counts(rows))
