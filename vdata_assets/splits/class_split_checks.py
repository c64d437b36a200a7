"""What is asked of splits of classed images, and how bad a hit is by default. Light to import."""

from vdata_assets.quality.findings import Check, Status
from vdata_assets.splits.checks import SAMPLE_SPLITS_CHECKS

CONTENTS_DISJOINT = Check(
    "contents_disjoint",
    "Is no picture, by its bytes, in two splits? If one is, set on_growth to rebalance or remove the copies.",
    Status.FAILED,
)
LOOK_ALIKES_APART = Check(
    "near_duplicates_apart",
    "Do images that look the same share a split? If not, set on_growth to rebalance or remove one of them.",
    Status.FAILED,
)
NEW_IMAGES_PLACED = Check(
    "new_images_placed",
    "Has every image a split? A new one that looks like images of two splits can be in neither: "
    "set on_growth to rebalance, or remove it.",
    Status.WARNING,
)
TINY_CLASSES = Check(
    "tiny_classes",
    "Has every class the three different images that it takes to be in three splits? "
    "Add images to those named.",
    Status.WARNING,
)
CLASSES_TRAINED = Check(
    "classes_trained",
    "Has every class an image in the largest split? A model cannot learn one that has none: add images, or "
    "set on_growth to rebalance.",
    Status.WARNING,
)
CLASS_SPLITS_CHECKS = (
    *SAMPLE_SPLITS_CHECKS,
    CONTENTS_DISJOINT,
    LOOK_ALIKES_APART,
    NEW_IMAGES_PLACED,
    TINY_CLASSES,
    CLASSES_TRAINED,
)
