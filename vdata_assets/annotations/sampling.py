"""Which annotated frames are kept when an export holds more of a second than is wanted."""

from fractions import Fraction

import polars as pl


def kept(frame_index: pl.Series, source_fps: Fraction, target_fps: Fraction) -> pl.Series:
    """Of the annotated frames, the first of each period of the target rate.

    The period of frame i is floor(i * target / source), in integers: 900 frames at 30 to 5 a second are 150,
    where adding up rounded time stamps gives 151. A rate that is given as a decimal is exact as
    ``Fraction(str(rate))``.

    Args:
        frame_index: positions in the video, from 0, strictly increasing.
        source_fps: frames a second of the video.
        target_fps: frames a second to keep at most. All are kept if it is not below ``source_fps``.

    Returns:
        A boolean series in the order of ``frame_index``.

    Raises:
        ValueError: a rate is not positive, or the indices do not increase.
    """
    for name, rate in (("source_fps", source_fps), ("target_fps", target_fps)):
        if rate <= 0:
            raise ValueError(f"{name}: {rate} is not a positive number of frames a second")
    if not (frame_index.diff().drop_nulls() > 0).all():
        raise ValueError("frame_index: the frames are not in strictly increasing order")
    if target_fps >= source_fps:
        return pl.repeat(True, len(frame_index), dtype=pl.Boolean, eager=True).alias("kept")
    step = target_fps / source_fps
    # Python's integers: a rate like 30000/1001 overflows 64 bits within a long video.
    periods = (index * step.numerator // step.denominator for index in frame_index)
    marks, last = [], -1
    for period in periods:
        marks.append(period > last)
        last = period
    return pl.Series("kept", marks, dtype=pl.Boolean)
