"""What is asked of concept definitions, and how bad a hit is by default. Light to import."""

from vdata_assets.quality.findings import Check, Status

DEFINITIONS_WRITTEN = Check(
    "definitions_written",
    "Has every concept an accepted definition? Those that have not are offered without a description; see "
    "their reasons.",
    Status.WARNING,
)
DEFINITIONS_WELL_FORMED = Check(
    "definitions_well_formed",
    "Does every accepted definition have its fields, a coarse text of five or six words that begin with "
    '"A photo of a", and a detailed text of one sentence?',
    Status.FAILED,
)
DEFINITIONS_FROM_TRAINING = Check(
    "definitions_from_training",
    "Is every image that a definition was written from, verified against or refers to a training image of "
    "its concept, and the verifying one none that it was written from?",
    Status.FAILED,
)
CONCEPT_DEFINITION_CHECKS = (
    DEFINITIONS_WRITTEN,
    DEFINITIONS_WELL_FORMED,
    DEFINITIONS_FROM_TRAINING,
)
