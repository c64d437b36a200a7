"""Row-major masks made column-major, as COCO has them, without a picture in between."""

import numpy as np
from numpy.typing import NDArray

from vdata_assets.masks.lines import transpose_lines
from vdata_assets.masks.run_lengths import RunLengths, per_mask
from vdata_assets.masks.validate import require_size


def column_major(runs: RunLengths, heights: NDArray[np.int64], widths: NDArray[np.int64]) -> RunLengths:
    """The masks with runs that go down the columns instead of along the rows.

    The work grows with a mask's outline and its sides, not its pixels. Where a stored size is not to be
    trusted, scale first: see :func:`~vdata_assets.masks.scale.scaled`.

    Args:
        runs: n row-major masks; one without runs stays so.
        heights: int64 of shape (n,), rows.
        widths: likewise, columns.

    Raises:
        ValueError: a mask's runs do not sum to height times width.
    """
    heights, widths = per_mask(len(runs), heights=heights, widths=widths)
    require_size(runs, heights, widths)
    return RunLengths(*transpose_lines(runs.lengths, runs.offsets, heights, widths))
