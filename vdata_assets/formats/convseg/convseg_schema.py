"""Tables of a conversational segmentation export: what was exported, of which image, and what was not."""

import dataframely as dy


class ConvsegSamples(dy.Schema):
    """Every exported sample, in the order of the runs, families and prompts."""

    sample_id = dy.String(primary_key=True, description="image_key, concept and index")
    image_key = dy.String(description="of the image, see ConvsegImages")
    concept = dy.Enum(["entities", "spatial", "affordances", "relations", "physics"])
    index = dy.UInt32(description="number of the prompt in its family's summary.json")
    prompt = dy.String()
    satisfying = dy.List(
        dy.UInt32(), description="indices of the regions that make up the mask; none: negative"
    )
    mask = dy.String(description="POSIX, relative to the folder that the split's files are in")
    area = dy.UInt32(description="pixels of the mask")


class ConvsegImages(dy.Schema):
    """Every exported image, in the order of the runs."""

    image_key = dy.String(primary_key=True, description="stem of its file; stable")
    run = dy.String(description="name of the run folder")
    origin = dy.String(description="where the run comes from")
    image = dy.String(description="POSIX, relative to the folder that the split's files are in")
    width = dy.UInt32(description="pixels, also of the masks")
    height = dy.UInt32(description="pixels, also of the masks")
    phash = dy.UInt64(description="64-bit perceptual hash")
    samples = dy.UInt32()
    labels = dy.List(dy.String(), description="concepts of its samples")
    split = dy.String()


class ConvsegSkips(dy.Schema):
    """How many prompts, families or runs were not exported, by run and reason."""

    image_key = dy.String(primary_key=True, description="that the run's image has, or would have")
    reason = dy.String(primary_key=True)
    run = dy.String()
    origin = dy.String()
    count = dy.UInt32()
