"""What a language model was asked, and what it cost, as small PNG files."""

import numpy as np
import polars as pl

from vdata_assets.reports.palette import LABEL_COLOURS
from vdata_assets.reports.plots import drawing, label, leave_empty, png, whole_numbers

MAX_SHARDS = 40


def cost_plot(costs: pl.DataFrame) -> bytes:
    """Stacked bars of tokens and of dollars, one a shard, coloured by stage.

    Args:
        costs: columns shard, stage, input_tokens, output_tokens and usd; of many shards the last are shown.

    Returns:
        A PNG file.
    """
    tokens = (pl.col("input_tokens") + pl.col("output_tokens")).alias("tokens")
    table = costs.with_columns(tokens)
    shards = table["shard"].unique().sort().to_list()[-MAX_SHARDS:]
    stages = table["stage"].unique().sort().to_list()
    with drawing(9, 3.6) as figure:
        for axes, column, title in zip(
            figure.subplots(1, 2), ("tokens", "usd"), ("Tokens per shard", "Cost per shard, USD"), strict=True
        ):
            axes.set_title(title)
            if not shards:
                leave_empty(axes)
                continue
            bottom = np.zeros(len(shards))
            for number, stage in enumerate(stages):
                of_stage = dict(table.filter(pl.col("stage") == stage).select("shard", column).iter_rows())
                heights = np.array([of_stage.get(shard, 0) for shard in shards], dtype=np.float64)
                axes.bar(
                    np.arange(len(shards)),
                    heights,
                    bottom=bottom,
                    color=LABEL_COLOURS[number % len(LABEL_COLOURS)],
                    label=stage if column == "tokens" else None,
                )
                bottom += heights
            step = -(-len(shards) // 10)
            axes.set_xticks(
                np.arange(0, len(shards), step), [label(shard) for shard in shards[::step]], rotation=45
            )
        if shards:
            whole_numbers(figure.axes[0].yaxis)
            figure.legend(loc="outside lower center", ncols=4, fontsize=7)
        return png(figure)
