"""The workflows whose ``exports`` have samples of other assets, each on few pictures with hostile names."""

import csv
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import dagster as dg
import numpy as np
from PIL import Image

from vdata_assets.samples.concepts import write_concept_images
from vdata_assets.samples.exports import write_export
from vdata_assets.samples.garments import write_garment_samples
from vdata_assets.samples.scenes import BREAKFAST, HALL, SampleExport
from vdata_assets.workflows import (
    AnnotationDataset,
    AttributeRetrieval,
    ConceptRetrieval,
    ConversationalSegmentation,
)
from vdata_assets.workflows.component import DatasetComponent

NAME = "data"
SEED = 7
SCENES, TILE = 4, 40
GIVEN = "regions.json"
LABEL = 'x" | `a` [b](javascript:c) =1+1: {{ 7*7 }} # 猫'
MARKUP = f"<script>alert(1)</script><img src=x onerror=alert(1)> {LABEL}"
LOOSE = {"ratios": {"train": 0.6, "val": 0.2, "test": 0.2}, "size_tolerance": 60, "class_tolerance": 60}


@dataclass(frozen=True)
class Workflow:
    """A workflow on few pictures.

    Attributes:
        component: its type.
        write: makes the raw data in a folder.
        settings: of its YAML.
        dimension: what a partition is.
        runs: assets that ``exports`` is made of, run by run, and whether a run is of all partitions.
        made_of: those that ``exports`` reads, in its order.
        keeps_pictures: whether they hold the pictures, so that the raw data is not needed any more.
        splits: of the samples.
        formats: of the YAML: one with pictures inline, one by path, one that says everything, others.
        lost: what a format cannot say of any sample, by its name.
        label: a name in the samples.
        changed: settings that change the samples or the cards.
        changed_seen: what cards say then.
    """

    component: type[DatasetComponent]
    write: Callable[[Path], None]
    settings: Mapping[str, Any]
    dimension: str
    runs: tuple[tuple[tuple[str, ...], bool], ...]
    made_of: tuple[str, ...]
    keeps_pictures: bool
    splits: tuple[str, ...]
    formats: tuple[Any, ...]
    lost: Mapping[str, str]
    label: str
    changed: Mapping[str, Any]
    changed_seen: str

    @property
    def by_path(self) -> str:
        return self.formats[1]

    @property
    def whole(self) -> str:
        return self.formats[2]

    def definitions(self, root: Path, **settings: Any) -> dg.Definitions:
        """Of a dataset of this workflow."""
        given = {"license": "cc0-1.0", "formats": list(self.formats), **self.settings, **settings}
        component = self.component.model_validate({"root": str(root), **given})
        return component.definitions(component.dataset(NAME, Path("/")))

    def materialize(self, lab, defs: dg.Definitions) -> None:
        """All that ``exports`` is made of."""
        for assets, partitioned in self.runs:
            keys = lab.instance.get_dynamic_partitions(f"{NAME}/{self.dimension}") if partitioned else []
            result = lab.run(defs, *map(key, assets), span=(keys[0], keys[-1]) if keys else None)
            assert result.success, failure(lab, result)


def key(asset: str) -> dg.AssetKey:
    return dg.AssetKey([NAME, asset])


def failure(lab, result: dg.ExecuteInProcessResult) -> str:
    (entry,) = lab.instance.all_logs(result.run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
    return entry.get_dagster_event().step_failure_data.error.to_string()


def published(lab, asset: str) -> Path:
    version = lab.store.artifact(NAME, asset).current()
    assert version is not None, f"{asset} is not published"
    return version.path


def told(lab) -> Mapping[str, Any]:
    """What the UI shows of the newest exports."""
    (event,) = lab.instance.fetch_materializations(key("exports"), limit=1).records
    return {name: one.value for name, one in event.asset_materialization.metadata.items()}


def findings(lab) -> dict[str, dict[str, Any]]:
    """Of the newest exports, by name."""
    return {one["name"]: one for one in lab.store.artifact(NAME, "exports").current().report["findings"]}


def write_objects(root: Path) -> None:
    """Photos of four concepts, in a category of a hostile name; flat in it, for a name has no slash."""
    write_concept_images(root, categories=1, concepts_per_category=4, views_per_concept=4, size=64)
    (category,) = (folder for folder in root.iterdir() if folder.is_dir())
    category.rename(root / MARKUP.replace("/", ""))


def write_clips(root: Path) -> None:
    """Two exports of six frames each; one class has a hostile name."""
    root.mkdir()
    for clip in (BREAKFAST, HALL):
        write_export(root, SampleExport(clip.name, "documented", clip, range(0, 24, 4)), SEED)
        archive = root / f"{clip.name}.zip"
        with ZipFile(archive) as entries:
            content = {name: entries.read(name) for name in entries.namelist()}
        document = json.loads(content["annotations.json"])
        for marked in (one for frame in document["annotations"] for one in frame["objects"]):
            marked["label"] = LABEL if marked["label"] == "ball" else marked["label"]
        content["annotations.json"] = json.dumps(document).encode()
        with ZipFile(archive, "w") as entries:
            for name, data in content.items():
                entries.writestr(name, data)


def write_scenes(root: Path) -> None:
    """Mosaics whose regions are given, of a class with a hostile name and of another."""
    root.mkdir()
    images, marked = [], []
    for number in range(SCENES):
        tiles = np.random.default_rng(number).integers(0, 255, (4, 6, 3), np.uint8)
        Image.fromarray(tiles.repeat(TILE, 0).repeat(TILE, 1)).save(root / f"{number}.png")
        images.append({"id": number, "file_name": f"{number}.png", "width": 6 * TILE, "height": 4 * TILE})
        for category, x, y in ((1, number % 3, 0), (2, 4, 2)):
            left, top, right, bottom = (TILE * place for place in (x, y, x + 2, y + 2))
            outline = [left, top, right, top, right, bottom, left, bottom]
            marked.append({"image_id": number, "category_id": category, "segmentation": [outline]})
    categories = [{"id": 1, "name": LABEL}, {"id": 2, "name": "box"}]
    given = {"images": images, "categories": categories, "annotations": marked}
    (root.parent / GIVEN).write_text(json.dumps(given), encoding="utf-8")


def write_garments(root: Path) -> None:
    """Products of twelve categories; a category has a hostile name, a text markup, another a placeholder."""
    write_garment_samples(root, articles=14)
    with (root / "products.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    hostile = rows[0]["category2"]
    for row in rows:
        row["category2"] = MARKUP if row["category2"] == hostile else row["category2"]
    rows[0]["text"] = MARKUP
    rows[1]["text"] = "A shirt <image> as shown"
    with (root / "products.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


WORKFLOWS = {
    "ConceptRetrieval": Workflow(
        component=ConceptRetrieval,
        write=write_objects,
        settings={"catalog": {"relative": True}},
        dimension="category",
        runs=(
            (("catalog",), False),
            (("concept_splits", "embeddings", "retrieval", "retrieval_dataset"), True),
        ),
        made_of=("retrieval_dataset",),
        keeps_pictures=False,
        splits=("train",),
        formats=("fireworks", "sharegpt", "parquet", "coco"),
        lost={"fireworks": "id, label, metadata", "coco": "several pictures, label, metadata"},
        label=MARKUP.replace("/", ""),
        changed={"training_dataset": {"seed": 99}},
        changed_seen='"seed": 99',
    ),
    "AnnotationDataset": Workflow(
        component=AnnotationDataset,
        write=write_clips,
        settings={"splits": LOOSE},
        dimension="export",
        runs=((("inbox",), False), (("export",), True), (("annotations", "splits"), False)),
        made_of=("annotations", "splits"),
        keeps_pictures=True,
        splits=("train", "val", "test"),
        formats=("together", "llava", "huggingface", "coco"),
        lost={"llava": "boxes, masks, sizes", "together": "id, boxes, masks, sizes, metadata"},
        label=LABEL,
        changed={"conversations": {"seed": 99}},
        changed_seen='"seed": 99',
    ),
    "ConversationalSegmentation": Workflow(
        component=ConversationalSegmentation,
        write=write_scenes,
        settings={
            "regions": {"given_regions": f"../{GIVEN}"},
            "convseg_export": {"splits": LOOSE},
        },
        dimension="shard",
        runs=((("images",), False), (("regions", "prompts", "runs", "convseg_export"), True)),
        made_of=("convseg_export",),
        keeps_pictures=True,
        splits=("train", "val", "test"),
        formats=("gemini_inline", "swift", "parquet", "coco", "convseg"),
        lost={"swift": "masks, label", "gemini_inline": "id, boxes, masks, sizes, label"},
        label=LABEL.replace("[b]", "(b)"),  # as prompts quote it
        changed={"license": "mit"},
        changed_seen="license: mit",
    ),
    "AttributeRetrieval": Workflow(
        component=AttributeRetrieval,
        write=write_garments,
        settings={"attributes": {"columns": {"colour": "colour"}}},
        dimension="shard",
        runs=((("products",), False), (("product_groups", "attributes", "splits"), False)),
        made_of=("products", "splits", "attributes"),
        keeps_pictures=False,
        splits=("train", "validation", "test"),
        formats=("openai", "llava", "parquet", {"format": "webdataset", "shard_samples": 8}),
        lost={"openai": "id, label, metadata"},
        label=MARKUP,
        changed={"license": "mit"},
        changed_seen="license: mit",
    ),
}
