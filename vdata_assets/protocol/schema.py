"""Tables of the protocol stage."""

import dataframely as dy


class TrainLog(dy.Schema):
    """One row an epoch; ``train_log.jsonl`` has the same, a line each.

    Beside these columns the table has ``<facet>:match@10`` of the validation queries (Float64, null if it
    cannot be measured) for the category and every attribute.
    """

    epoch = dy.UInt32(primary_key=True, description="from 1")
    step = dy.UInt32(description="steps so far")
    lr = dy.Float64(description="at the end of the epoch")
    loss = dy.Float64(
        allow_nan=True,
        allow_inf=True,
        description="mean of the epoch's steps; training ends at the first epoch in which it is no number",
    )
    image_loss = dy.Float64(allow_nan=True, allow_inf=True, description="InfoNCE between images")
    text_loss = dy.Float64(
        nullable=True,
        allow_nan=True,
        allow_inf=True,
        description="InfoNCE between texts; null if not trained",
    )
    head_loss = dy.Float64(
        nullable=True,
        allow_nan=True,
        allow_inf=True,
        description="mean of the attributes' cross-entropies",
    )
    anchor_loss = dy.Float64(
        nullable=True,
        allow_nan=True,
        allow_inf=True,
        description="mean squared distance of projected to frozen images, plus that of texts if trained",
    )
    validation = dy.Float64(
        description="mean of the facets' match@10 of validation queries; the best epoch's is highest; 0 if "
        "the loss is no number"
    )
