"""What is asked of groups, hard negatives and training pairs. Light to import."""

from vdata_assets.quality.findings import Check, Status

GROUPS_COMPLETE = Check(
    "groups_complete",
    "Is every usable product in exactly one group, and do groups.json and the table say the same?",
    Status.FAILED,
)
GROUPING_WORKS = Check(
    "grouping_works",
    "Does every pattern that is configured group at least two products? One that never does fits no id of "
    "this source: correct it, or take it out.",
    Status.WARNING,
)
GROUP_SIZES_PLAUSIBLE = Check(
    "group_sizes_plausible",
    "Does no key join more than max_group_size products, and no group hold more? Such keys group nothing: "
    "make the pattern more exact.",
    Status.WARNING,
)
GROUPS_OF_ONE_CATEGORY = Check(
    "groups_of_one_category",
    "Are the products of a group of one category? If not, the key joins what is not one article, or a "
    "category is wrong.",
    Status.WARNING,
)
GROUP_CHECKS = (GROUPS_COMPLETE, GROUPING_WORKS, GROUP_SIZES_PLAUSIBLE, GROUPS_OF_ONE_CATEGORY)

NEGATIVES_DIFFER = Check(
    "negatives_differ",
    "Does every negative differ from its query in an attribute known on both sides, within one category and "
    "split, and is it neither of the query's group nor its picture?",
    Status.FAILED,
)
NEGATIVES_RANKED = Check(
    "negatives_ranked",
    "Are a query's negatives ranked 1, 2, ... by descending score, at most top_k, each once?",
    Status.FAILED,
)
QUERIES_WITH_NEGATIVES = Check(
    "queries_with_negatives",
    "Has every product of the category a hard negative? The message says why the others have none.",
    Status.WARNING,
)
HARD_NEGATIVE_CHECKS = (NEGATIVES_DIFFER, NEGATIVES_RANKED, QUERIES_WITH_NEGATIVES)

PAIRS_SOUND = Check(
    "pairs_sound",
    "Is no pair of a product with itself, there twice, positive and negative at once, or of two splits, and "
    "no product in more than max_pairs_per_product pairs of a kind?",
    Status.FAILED,
)
PAIRS_TRUE = Check(
    "pairs_true",
    "Is every pair what its kind says: same group, equal or different attributes, same or other category?",
    Status.FAILED,
)
QUOTAS_MET = Check(
    "quotas_met",
    "Are there as many pairs of every kind as its share wants? The message gives the shortfall: lower "
    "num_pairs or the share, raise max_pairs_per_product, or add products.",
    Status.WARNING,
)
PAIRS_FOUND = Check(
    "pairs_found",
    "Has every split that wants pairs a positive and a negative one? Without them nothing can be trained.",
    Status.FAILED,
)
CATEGORIES_MINED = Check(
    "categories_mined",
    "Has every category published hard negatives? The message says which have not, and why.",
    Status.WARNING,
)
PAIR_CHECKS = (PAIRS_FOUND, PAIRS_SOUND, PAIRS_TRUE, QUOTAS_MET, CATEGORIES_MINED)
