"""Tables of the splits stage."""

import dataframely as dy


class ConceptSplits(dy.Schema):
    """Every readable image of the catalog, and what it serves, ordered by category, concept and path."""

    image_id = dy.String(primary_key=True, description="image_id of the catalog")
    path = dy.String(description="POSIX, relative to the dataset's root")
    category = dy.String(description="display name: the folder's name")
    concept = dy.String(description="display name: the folder's name")
    partition = dy.String(description="partition key of the category")
    role = dy.Enum(["train", "validation"], description="what the image's concept was chosen for")
    split = dy.Enum(
        ["train", "test", "negative", "unused"],
        description="the image's list in the role's file; unused: a training concept's unsampled test image",
    )
    catalog_split = dy.Enum(["train", "test", "negative"], description="the image's list in the catalog")
    content_hash = dy.String(description="xxh3-128 of the file's bytes, 32 hex digits")


class ConceptCounts(dy.Schema):
    """The concepts that have train images, and how many, ordered by category and concept."""

    category = dy.String(primary_key=True)
    concept = dy.String(primary_key=True)
    images = dy.UInt32(min=1, description="train images of the concept")


class SampleSplits(dy.Schema):
    """Every sample, what it must stay together with, and its split, ordered by sample_id."""

    sample_id = dy.String(primary_key=True, description="stable id of the sample")
    group = dy.String(description="smallest sample_id of the samples that must not part")
    split = dy.String(min_length=1, description="name of one of the settings' ratios, e.g. train")
