"""What is asked of the data engine's work, and how bad a hit is by default. Light to import."""

from vdata_assets.quality.findings import Check, Status
from vdata_assets.splits.checks import SAMPLE_SPLITS_CHECKS

IMAGES_FOUND = Check(
    "images_found",
    "Is there an image at all that can be used? Set root to a folder of images.",
    Status.FAILED,
)
IMAGES_READABLE = Check(
    "images_readable",
    "Can every image file be read? Replace or remove the listed files; the others are worked on.",
    Status.WARNING,
)
REGION_MASKS_VALID = Check(
    "region_masks_valid",
    "Is every accepted mask well formed, of its picture's size and not empty, and its box its bounding box?",
    Status.FAILED,
)
PICTURES_WITH_REGIONS = Check(
    "pictures_with_regions",
    "Has every picture an accepted region? Look at the rejected masks and their reasons.",
    Status.WARNING,
)
MASK_ACCEPTANCE = Check(
    "mask_acceptance",
    "Is the share of accepted masks within min_acceptance and max_acceptance? "
    "Outside, the proposals or the judge are at fault: look at the sheet.",
    Status.WARNING,
)
SERVICE_ERRORS = Check(
    "service_errors",
    "Is the share of questions without an answer at most max_error_share? Materialize again: what was "
    "answered is not asked again.",
    Status.FAILED,
)
PROMPTS_SOUND = Check(
    "prompts_sound",
    "Has every prompt text, regions that exist, and satisfying ones that are a strict subset of its "
    "candidates, or none if it is a negative?",
    Status.FAILED,
)
PROMPT_ACCEPTANCE = Check(
    "prompt_acceptance",
    "Is the share of accepted prompts within min_acceptance and max_acceptance? "
    "Outside, the writer or the judge is at fault: look at the sheets.",
    Status.WARNING,
)
SHARDS_MERGED = Check(
    "shards_merged",
    "Are the run folders of every shard there? Materialize the listed shards' regions and prompts.",
    Status.WARNING,
)
RUNS_COMPLETE = Check(
    "runs_complete",
    "Has every run folder all files of the contract, with all fields, and paths that lead to files? "
    "A folder that has not is left out.",
    Status.FAILED,
)
RUN_MASKS_VALID = Check(
    "run_masks_valid",
    "Is every mask of a run folder readable, not empty, the same as PNG and NPZ, of the picture's size, and "
    "its box its bounding box?",
    Status.FAILED,
)
PROMPTS_UNIQUE = Check(
    "prompts_unique",
    "Is no prompt empty, and none asked twice of one picture? Doubles are exported once.",
    Status.WARNING,
)
FAMILIES_BALANCED = Check(
    "families_balanced",
    "Has every concept family that writes at all its share of the accepted prompts, at least "
    "min_family_share? Where a family is silent, summary.json says why.",
    Status.WARNING,
)
IMPORTED_RUNS_COMPLETE = Check(
    "imported_runs_complete",
    "Can every folder under runs_root be used? The listed ones are left out, or some of their prompts are.",
    Status.WARNING,
)
EXPORT_SAMPLES = Check(
    "export_samples",
    "Is there a sample to export? Each prompt that was left out is counted by reason in the manifest.",
    Status.FAILED,
)
EXPORT_MASKS = Check(
    "export_masks",
    "Is every exported mask the union of its regions, not empty unless it is a negative's, and of its "
    "image's size?",
    Status.FAILED,
)
EXPORT_PROMPTS = Check(
    "export_prompts", "Is every exported prompt text, and unique for its image?", Status.FAILED
)
EXPORT_LOADS = Check(
    "export_loads",
    "Do dataset.jsonl and items.json hold what train.py and eval.py expect, with every file in place?",
    Status.FAILED,
)
EXPORT_IMAGES_APART = Check(
    "export_images_apart",
    "Is no image, and no near-copy of one, in two splits? This audits the split without its grouping.",
    Status.FAILED,
)

IMAGES_CHECKS = (IMAGES_FOUND, IMAGES_READABLE)
REGIONS_CHECKS = (REGION_MASKS_VALID, PICTURES_WITH_REGIONS, MASK_ACCEPTANCE, SERVICE_ERRORS)
PROMPTS_CHECKS = (PROMPTS_SOUND, PROMPT_ACCEPTANCE, SERVICE_ERRORS)
RUNS_CHECKS = (SHARDS_MERGED, RUNS_COMPLETE, RUN_MASKS_VALID, PROMPTS_UNIQUE, FAMILIES_BALANCED)
IMPORTED_RUNS_CHECKS = (IMPORTED_RUNS_COMPLETE,)
EXPORT_CHECKS = (
    EXPORT_SAMPLES,
    EXPORT_MASKS,
    EXPORT_PROMPTS,
    EXPORT_LOADS,
    EXPORT_IMAGES_APART,
    *SAMPLE_SPLITS_CHECKS,
)
