"""Tables of the reports stage."""

import dataframely as dy
import polars as pl

from vdata_assets.catalog.partitions import SLUG


class Counts(dy.Schema):
    """How many image files each concept has, ordered by category and concept."""

    category = dy.String(primary_key=True, description="display name: the folder's name")
    concept = dy.String(primary_key=True, description="display name: the folder's name")
    partition = dy.String(regex=SLUG, description="partition key of the category")
    images = dy.UInt32(description="files, readable or not: the sum of the next four")
    train = dy.UInt32(description="readable files")
    test = dy.UInt32(description="readable files")
    negative = dy.UInt32(description="readable files")
    unreadable = dy.UInt32(description="files of any split that cannot be read")
    bytes = dy.UInt64(description="size of all files")

    @dy.rule()
    def images_are_the_sum(cls) -> pl.Expr:  # noqa: N805 - the decorator makes it a class method
        """Every file is counted in exactly one column."""
        return cls.images.col == cls.train.col + cls.test.col + cls.negative.col + cls.unreadable.col
