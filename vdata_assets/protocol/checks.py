"""What is asked of a trained model. Light to import."""

from vdata_assets.quality.findings import Check, Status

LOSSES_FINITE = Check(
    "losses_finite",
    "Is the loss of every epoch a number? If not, lower lr or raise temperature.",
    Status.FAILED,
)
LOSS_FELL = Check(
    "loss_fell",
    "Is the last epoch's loss lower than the first's? If not, nothing was learnt: raise lr or epochs.",
    Status.WARNING,
)
CHECKPOINTS_LOAD = Check(
    "checkpoints_load",
    "Does every checkpoint load with its encoder, project to unit vectors, and have one output for every "
    "value of every attribute?",
    Status.FAILED,
)
BEST_BEATS_START = Check(
    "best_beats_start",
    "Is the best epoch's validation above that of the untrained projections? If not, the checkpoint is no "
    "better than the encoder: look at pairs and lr.",
    Status.WARNING,
)
PROTOCOL_CHECKS = (LOSSES_FINITE, LOSS_FELL, CHECKPOINTS_LOAD, BEST_BEATS_START)
