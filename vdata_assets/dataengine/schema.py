"""Tables of the data engine."""

import dataframely as dy

RUN_PREFIX = "out_region_refine_"
VERDICTS = ["ACCEPT", "REJECT", "ERROR"]


class EngineImages(dy.Schema):
    """Every image file under the root, ordered by path."""

    image_id = dy.String(primary_key=True, description="content hash and path, hashed: 32 hex digits")
    path = dy.String(description="POSIX, relative to the dataset's root")
    run = dy.String(description="name of its run folder: out_region_refine_ and its stem, made unique")
    shard = dy.String(description="partition key; kept for as long as the path is there")
    content_hash = dy.String(nullable=True, description="xxh3-128 of the file's bytes, 32 hex digits")
    width = dy.UInt32(nullable=True, description="pixels, after EXIF orientation")
    height = dy.UInt32(nullable=True, description="pixels, after EXIF orientation")
    phash = dy.UInt64(nullable=True, description="64-bit perceptual hash")
    reason = dy.String(nullable=True, description="why the file cannot be used; null if it can")


class WorkedPictures(dy.Schema):
    """The images of a shard that were worked on, in the images' order."""

    image_id = dy.String(primary_key=True)
    run = dy.String()
    path = dy.String(description="POSIX, relative to the dataset's root")
    width = dy.UInt32(description="pixels of the working picture and of its masks")
    height = dy.UInt32(description="pixels of the working picture and of its masks")
    source_width = dy.UInt32(description="pixels of the upright source; x * source_width / width maps back")
    source_height = dy.UInt32(description="pixels of the upright source")
    captions = dy.UInt16(description="regions that were named")
    regions = dy.UInt16(description="regions whose mask was accepted")


class Proposals(dy.Schema):
    """Every region that was named, what became of its masks, ordered as the pictures and as named."""

    image_id = dy.String(primary_key=True)
    position = dy.UInt16(primary_key=True, description="order in which it was named, from 0")
    run = dy.String()
    label = dy.String()
    attributes = dy.List(dy.String())
    place = dy.String()
    boxes = dy.List(dy.Array(dy.Int32(), 4), description="x0, y0, x1, y1 of its parts, inclusive")
    initial_verdict = dy.Enum(VERDICTS, nullable=True, description="null: there was no initial mask")
    initial_reason = dy.String(nullable=True)
    refined_iou = dy.Float32(nullable=True, description="of the refined mask with the initial one")
    refined_verdict = dy.Enum(VERDICTS, nullable=True, description="null: no mask refines it")
    refined_reason = dy.String(nullable=True)
    chosen = dy.Enum(["initial", "refined"], nullable=True, description="null: no mask was accepted")
    chosen_reason = dy.String(nullable=True)
    index = dy.UInt16(nullable=True, description="number of the accepted region, from 0 in every picture")
    rle = dy.String(nullable=True, description="the accepted mask, COCO compressed, at working size")
    area = dy.UInt32(nullable=True, description="pixels")
    box = dy.Array(dy.Int32(), 4, nullable=True, description="x0, y0, x1, y1, inclusive")


class Prompts(dy.Schema):
    """Every prompt and its verdict, ordered as the pictures, families and as written."""

    image_id = dy.String(primary_key=True)
    family = dy.Enum(["entities", "spatial", "affordances", "relations", "physics"], primary_key=True)
    index = dy.UInt16(primary_key=True, description="number in the family's summary.json, from 0")
    run = dy.String()
    negative = dy.Bool(description="whether the target is absent on purpose")
    prompt = dy.String()
    candidates = dy.List(dy.UInt16(), description="indices of the regions that it could be mistaken for")
    satisfying = dy.List(dy.UInt16(), description="indices of the regions that answer it")
    verdict = dy.Enum(VERDICTS, description="ERROR: nobody could judge it")
    reason = dy.String()


class Silences(dy.Schema):
    """Families of a picture for which nothing, or less than wanted, was written, and why."""

    image_id = dy.String(primary_key=True)
    family = dy.Enum(["entities", "spatial", "affordances", "relations", "physics"], primary_key=True)
    negative = dy.Bool(primary_key=True)
    run = dy.String()
    note = dy.String()


class EngineErrors(dy.Schema):
    """What could not be decided for want of an answer: no judgement on the data."""

    image_id = dy.String()
    run = dy.String()
    stage = dy.String(description="region_captions, region_boxes, mask_verification, ...")
    subject = dy.String(description="the label or prompt that it was about; empty: the whole picture")
    kind = dy.String(description="unparsable, blocked, timeout, quota, server, refused, unreadable")
    message = dy.String()


class StageCosts(dy.Schema):
    """What each stage asked and paid for in making this version."""

    stage = dy.String(primary_key=True)
    calls = dy.UInt32(description="requests that were sent, retries included")
    cache_hits = dy.UInt32(description="answers that were already paid for")
    errors = dy.UInt32(description="requests that had no answer in the end")
    input_tokens = dy.UInt64()
    output_tokens = dy.UInt64()
    usd = dy.Float64(description="at the prices of the settings")


class Runs(dy.Schema):
    """Every run folder, ordered by name."""

    run = dy.String(primary_key=True, description="name of the folder")
    image_id = dy.String()
    path = dy.String(description="the source, POSIX, relative to the dataset's root")
    shard = dy.String(description="partition key")
    content_hash = dy.String(description="xxh3-128 of the source's bytes, 32 hex digits")
    width = dy.UInt32(description="pixels of the working picture and of its masks")
    height = dy.UInt32(description="pixels of the working picture and of its masks")
    source_width = dy.UInt32(description="pixels of the upright source")
    source_height = dy.UInt32(description="pixels of the upright source")
    regions = dy.UInt16(description="accepted regions")
    prompts = dy.UInt16(description="prompts that were written, negatives included")
    accepted = dy.UInt16(description="of those accepted, negatives not counted")
    negatives = dy.UInt16(description="accepted negatives")
