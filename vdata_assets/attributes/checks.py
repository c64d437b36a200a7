"""What is asked of attributes, and how bad a hit is by default. Light to import."""

from vdata_assets.quality.findings import Check, Status

ATTRIBUTES_COMPLETE = Check(
    "attributes_complete",
    "Has every usable product exactly one row, and every primary tag a place in the attribute's values?",
    Status.FAILED,
)
EVIDENCE_STANDS = Check(
    "evidence_stands",
    "Does the text say, at the recorded place, the words that every tag rests on?",
    Status.FAILED,
)
COLUMN_VALUES_KNOWN = Check(
    "column_values_known",
    "Is every value of an attribute's column one of the rules' tags, where the rules have the attribute? "
    "Others count as unknown: rename them in the source, or add them to the rules.",
    Status.WARNING,
)
ATTRIBUTES_KNOWN = Check(
    "attributes_known",
    "Is every attribute known of at least one product in twenty, and has it at least two values? Else it can "
    "be neither trained nor measured: complete texts, columns or rules.",
    Status.WARNING,
)
ATTRIBUTE_CHECKS = (ATTRIBUTES_COMPLETE, EVIDENCE_STANDS, COLUMN_VALUES_KNOWN, ATTRIBUTES_KNOWN)
