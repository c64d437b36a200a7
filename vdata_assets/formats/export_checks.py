"""What is asked of a dataset's exports, and how bad a hit is by default. Light to import."""

from vdata_assets.quality.findings import Check, Status

FORMATS_VALID = Check(
    "formats_valid",
    "Does every row of every exported file obey the rules of its trainer, read from its bytes? Mend what the "
    "rule says, or leave the format out of `formats`. How many rows there are is asked by service_limits.",
    Status.FAILED,
)
SERVICE_LIMITS = Check(
    "service_limits",
    "Has every exported file as many rows as its trainer takes? It refuses the file otherwise: add images, "
    "change the splits' shares, or do not upload that split.",
    Status.WARNING,
)
EXPORT_COMPLETE = Check(
    "export_complete",
    "Is every sample in every format? Those that a format cannot say are left out: mend them as the reason "
    "says, or leave the format out of `formats`.",
    Status.WARNING,
)
EXPORT_LOADS_BACK = Check(
    "export_loads_back",
    "Does every exported split load with as many samples as were written, with their ids in their order?",
    Status.FAILED,
)
CHECKSUMS_HOLD = Check(
    "checksums_hold",
    "Are all files of the exports those that checksums.sha256 lists, by their bytes? Materialize `exports` "
    "anew.",
    Status.FAILED,
)
EXPORT_CHECKS = (FORMATS_VALID, SERVICE_LIMITS, EXPORT_COMPLETE, EXPORT_LOADS_BACK, CHECKSUMS_HOLD)
