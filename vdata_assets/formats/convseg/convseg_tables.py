"""An export of runs as tables: rows are gathered run by run and kept as columns."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import dataframely as dy
import polars as pl

from vdata_assets.dataengine.settings import ConvsegExportSettings
from vdata_assets.formats.convseg.convseg_keys import shown_name
from vdata_assets.formats.convseg.convseg_samples import WrittenRun
from vdata_assets.formats.convseg.convseg_schema import ConvsegImages, ConvsegSamples, ConvsegSkips
from vdata_assets.formats.convseg.run_model import FoundRun
from vdata_assets.splits.schema import SampleSplits

BATCH = 1024


@dataclass(frozen=True)
class Export:
    """What was exported.

    Attributes:
        folder: where it is.
        place: the folder that it will be reachable at.
        name: of the dataset.
        settings: how it was made.
        samples: of schema ConvsegSamples.
        images: of schema ConvsegImages.
        skips: of schema ConvsegSkips.
        splits: of schema SampleSplits, of the images.
        runs: by image key, all that were given.
        prompts: how many verified prompts they have.
    """

    folder: Path
    place: Path
    name: str
    settings: ConvsegExportSettings
    samples: dy.DataFrame[ConvsegSamples]
    images: dy.DataFrame[ConvsegImages]
    skips: dy.DataFrame[ConvsegSkips]
    splits: dy.DataFrame[SampleSplits]
    runs: Mapping[str, FoundRun]
    prompts: int

    @property
    def split_rows(self) -> pl.DataFrame:
        """Columns sample_id (the image key), phash and labels: what was split."""
        return self.images.select("phash", "labels", sample_id="image_key")

    def skipped(self) -> dict[str, int]:
        """How much was not exported, by reason."""
        return dict(self.skips.group_by("reason").agg(pl.col("count").sum()).sort("reason").iter_rows())

    def parts(self) -> Iterator[tuple[str, pl.DataFrame]]:
        """Name and images of each folder that holds an export: the splits', or one with the name ``""``."""
        if not self.settings.per_split:
            yield "", self.images
            return
        for split, ratio in self.settings.splits.ratios.items():
            if ratio:
                yield split, self.images.filter(pl.col("split") == split)


class ExportTables:
    """Rows of written runs.

    Attributes:
        prompts: how many verified prompts the runs have.
    """

    def __init__(self) -> None:
        self.prompts = 0
        self._parts: dict[type[dy.Schema], list[pl.DataFrame]] = {}
        self._rows: list[WrittenRun] = []

    def add(self, written: WrittenRun) -> None:
        """Take in what was written of a run."""
        self.prompts += written.prompts
        self._rows.append(written)
        if len(self._rows) == BATCH:
            self._settle()

    def images(self) -> pl.DataFrame:
        """Of schema ConvsegImages but for the split, in the order of the runs."""
        return self._table(ConvsegImages).drop("split")

    def samples(self) -> pl.DataFrame:
        """Of schema ConvsegSamples, likewise."""
        return self._table(ConvsegSamples)

    def skips(self) -> pl.DataFrame:
        """Of schema ConvsegSkips, likewise."""
        return self._table(ConvsegSkips)

    def _table(self, schema: type[dy.Schema]) -> pl.DataFrame:
        self._settle()
        return pl.concat(self._parts[schema])

    def _settle(self) -> None:
        gathered: dict[type[dy.Schema], list[dict[str, object]]] = {
            ConvsegImages: [row for run in self._rows for row in _image_rows(run)],
            ConvsegSamples: [row for run in self._rows for row in _sample_rows(run)],
            ConvsegSkips: [row for run in self._rows for row in _skip_rows(run)],
        }
        for schema, rows in gathered.items():
            columns = {name: column.dtype for name, column in schema.columns().items()}
            self._parts.setdefault(schema, []).append(pl.DataFrame(rows, columns))
        self._rows = []


def _image_rows(run: WrittenRun) -> Iterator[dict[str, object]]:
    if run.image is not None:
        name, size, phash = run.image
        yield {
            "image_key": run.key,
            "run": shown_name(run.found.name),
            "origin": run.found.origin,
            "image": name,
            "width": size.width,
            "height": size.height,
            "phash": phash,
            "samples": len(run.samples),
            "labels": list(dict.fromkeys(sample.concept for sample in run.samples)),
            "split": None,
        }


def _sample_rows(run: WrittenRun) -> Iterator[dict[str, object]]:
    for sample in run.samples:
        yield {
            "sample_id": sample.sample_id,
            "image_key": run.key,
            "concept": sample.concept,
            "index": sample.prompt.index,
            "prompt": sample.prompt.text,
            "satisfying": list(sample.prompt.satisfying),
            "mask": sample.mask,
            "area": sample.area,
        }


def _skip_rows(run: WrittenRun) -> Iterator[dict[str, object]]:
    for reason, count in sorted(run.skipped.items()):
        yield {
            "image_key": run.key,
            "reason": reason,
            "run": shown_name(run.found.name),
            "origin": run.found.origin,
            "count": count,
        }
