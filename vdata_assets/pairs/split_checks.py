"""What is asked of the splits of products. Light to import."""

from vdata_assets.quality.findings import Check, Status
from vdata_assets.splits.checks import SAMPLE_SPLITS_CHECKS

ARTICLES_APART = Check(
    "articles_apart",
    "Is no article, in whichever colour or view, and no picture by its bytes in two splits? If a new row "
    "joins articles of two splits, set on_growth to rebalance or take it out.",
    Status.FAILED,
)
LOOK_ALIKES_APART = Check(
    "look_alikes_apart",
    "Does no product look, by perceptual hash, like a product of another split?",
    Status.FAILED,
)
PRODUCT_SPLIT_CHECKS = (*SAMPLE_SPLITS_CHECKS, ARTICLES_APART, LOOK_ALIKES_APART)
