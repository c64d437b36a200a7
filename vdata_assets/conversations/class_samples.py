"""Samples with their conversations, in batches."""

from collections.abc import Iterator, Mapping

import dataframely as dy
import numpy as np
import polars as pl

from vdata_assets.conversations.class_names import candidates, named_classes
from vdata_assets.conversations.class_rounds import Drawer, Numbers, Rounds, sample_keys, template_counts
from vdata_assets.conversations.class_schema import ClassSamples
from vdata_assets.conversations.class_settings import ClassWordingSettings
from vdata_assets.conversations.class_templates import ROLES
from vdata_assets.conversations.class_texts import Texts

BATCH = 16_384

LookAlikes = Mapping[str, list[str]]
"""By class the classes that look most like it, the nearest first."""


class Conversations:
    """What is said about the samples of a dataset.

    A sample's conversation depends on the seed, its image's id and the number of its copy, on the templates,
    and for questions about other classes on what these are; on no other sample.

    Args:
        rows: of :func:`~vdata_assets.conversations.class_balance.sample_rows`.
        settings: templates, shares, seed.
        look_alikes: from :mod:`~vdata_assets.conversations.class_look_alikes`; None, or a class without an
            entry: any other classes.

    Raises:
        ValueError: two classes would be written alike; names them.
    """

    def __init__(
        self, rows: pl.DataFrame, settings: ClassWordingSettings, look_alikes: LookAlikes | None = None
    ) -> None:
        self.rows = rows
        self.settings = settings
        self.classes = named_classes(rows["class"].unique(), settings)
        near = candidates(self.classes, look_alikes, settings.look_alikes)
        self.drawer = Drawer(self.classes, near, settings)

    def batches(self, size: int = BATCH) -> Iterator[dy.DataFrame[ClassSamples]]:
        """The rows with their turns, in order.

        Args:
            size: rows of a batch.
        """
        texts = Texts(self.classes, self.settings)
        for rows, own, rounds in self._drawn(size):
            yield ClassSamples.cast(rows.with_columns(texts.turns(rounds, own)))

    def template_usage(self) -> pl.DataFrame:
        """How often each template is used: columns role, template and uses."""
        counts = {role: np.zeros(len(self.settings.templates(role)), dtype=np.int64) for role in ROLES}
        for _, _, rounds in self._drawn(BATCH):
            template_counts(rounds, counts)
        return pl.DataFrame(
            [
                (role, template.text, int(uses))
                for role in ROLES
                for template, uses in zip(self.settings.templates(role), counts[role], strict=True)
            ],
            schema={"role": pl.String, "template": pl.String, "uses": pl.Int64},
            orient="row",
        )

    def _drawn(self, size: int) -> Iterator[tuple[pl.DataFrame, Numbers, Rounds]]:
        kinds = pl.Enum(self.classes.folders)
        own = self.rows["class"].cast(kinds).to_physical().cast(pl.Int64).to_numpy()
        copies = self.rows["copy"].cast(pl.Int64).to_numpy()
        keys = sample_keys(self.rows["image_id"], copies, self.settings.seed)
        for start in range(0, self.rows.height, size):
            part = slice(start, start + size)
            yield self.rows[part], own[part], self.drawer.rounds(keys[part], own[part])
