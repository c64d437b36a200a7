"""Stored run lengths are read as they are written, and what cannot be read says why."""

import polars as pl
import pytest
from mask_reference import run_lists

from vdata_assets.masks import read
from vdata_assets.masks.read import read_compressed, read_lists, read_text

MOST = 2**31 - 1
TEXTS = {
    "zeros first": ("25 3 4", [25, 3, 4]),
    "one run": ("921600", [921600]),
    "first pixel set": ("0 7", [0, 7]),
    "runs of length 0": ("5 0 0 3", [5, 0, 0, 3]),
    "leading zeros": ("007 0010", [7, 10]),
    "spaces": ("  25   3 ", [25, 3]),
    "largest": (str(MOST), [MOST]),
    "nothing": ("", "there are no run lengths"),
    "spaces only": ("   ", "there are no run lengths"),
    "null": (None, "there is no mask"),
    "sign": ("12 -3", "character '-' at 3 is neither a digit nor a space"),
    "plus": ("+12", "character '+' at 0 is neither a digit nor a space"),
    "float": ("1.5", "character '.' at 1 is neither a digit nor a space"),
    "exponent": ("1e3", "character 'e' at 1 is neither a digit nor a space"),
    "NaN": ("4 NaN", "character 'N' at 2 is neither a digit nor a space"),
    "comma": ("4,5", "character ',' at 1 is neither a digit nor a space"),
    "newline": ("4\n5", "character '\\n' at 1 is neither a digit nor a space"),
    "NUL": ("4\x00", "character '\\x00' at 1 is neither a digit nor a space"),
    "other digits": ("4 ٣", "character '٣' at 2 is neither a digit nor a space"),
    "too long": (str(MOST + 1), f"run lengths sum to more than {MOST} at 0"),
    "sum too long": (f"{MOST} 0 1", f"run lengths sum to more than {MOST} at 13"),
    "many digits": ("1 " + "9" * 1000, f"run lengths sum to more than {MOST} at 2"),
}
LISTS = {
    "zeros first": ([25, 3, 4], [25, 3, 4]),
    "runs of length 0": ([0, 5, 0, 3], [0, 5, 0, 3]),
    "nothing": ([], "there are no run lengths"),
    "null": (None, "there is no mask"),
    "missing run": ([1, None, 2], "the run length at 1 is null"),
    "negative": ([1, 2, -3], "the run length at 2 is negative"),
    "too long": ([1, MOST], f"run lengths sum to more than {MOST} at 1"),
    "overflow": ([2**63 - 1, 2**63 - 1], f"run lengths sum to more than {MOST} at 0"),
}
STRINGS = {
    "one character each": ("5312", [5, 3, 1, 5]),
    "difference from the fourth run on": ("5332", [5, 3, 3, 5]),
    "two characters": ("PR1", [1088]),
    "negative difference": ("99?M", [9, 9, 15, 6]),
    "runs of length 0": ("5003", [5, 0, 0, 3]),
    "longer than needed": ("UP0", [5]),
    "7 characters": ("oooooo1", [MOST]),
    "nothing": ("", "there are no run lengths"),
    "null": (None, "there is no mask"),
    "below": ("5!", "character '!' at 1 is no COCO run length"),
    "just below": ("5/", "character '/' at 1 is no COCO run length"),
    "just above": ("5p", "character 'p' at 1 is no COCO run length"),
    "inside a number": ("5P p", "character ' ' at 2 is no COCO run length"),
    "NUL": ("5\x00", "character '\\x00' at 1 is no COCO run length"),
    "not ASCII": ("53é", "character 'é' at 2 is no COCO run length"),
    "ends inside a number": ("55PP", "the string ends inside the number at 2"),
    "8 characters": ("5PPPPPPP0", "the number at 1 has more than 7 characters"),
    "endless": ("o" * 1000, "the number at 0 has more than 7 characters"),
    "negative run": ("5O", "the run length at 1 is negative"),
    "negative after the difference": ("121L", "the run length at 3 is negative"),
    "too long": ("PPPPPP2", f"run lengths sum to more than {MOST} at 0"),
    "sum too long": ("oooooo11", f"run lengths sum to more than {MOST} at 7"),
}


def cases(table):
    return pytest.mark.parametrize(("stored", "expected"), list(table.values()), ids=list(table))


def check(result, expected):
    """One mask was read as expected: its runs, or the reason why there are none."""
    runs, reason = (expected, None) if isinstance(expected, list) else ([], expected)
    assert run_lists(result.runs) == [runs]
    assert result.reasons.to_list() == [reason]


@cases(TEXTS)
def test_decimal_run_lengths(stored, expected):
    check(read_text(pl.Series([stored], dtype=pl.String)), expected)


@cases(LISTS)
def test_lists_of_run_lengths(stored, expected):
    check(read_lists(pl.Series([stored], dtype=pl.List(pl.Int64))), expected)


@cases(STRINGS)
def test_compressed_run_lengths(stored, expected):
    check(read_compressed(pl.Series([stored], dtype=pl.String)), expected)


@pytest.mark.parametrize(
    ("reader", "dtype", "table"),
    [
        (read_text, pl.String, TEXTS),
        (read_lists, pl.List(pl.Int64), LISTS),
        (read_compressed, pl.String, STRINGS),
    ],
    ids=["text", "lists", "compressed"],
)
@pytest.mark.parametrize("at_once", [1, 3, 1000])
def test_a_bad_mask_leaves_its_neighbours_alone(reader, dtype, table, at_once, monkeypatch):
    monkeypatch.setattr(read, "MASKS_AT_ONCE", at_once)
    stored, expected = zip(*table.values(), strict=True)
    column = pl.Series([stored[0], *stored, stored[0]], dtype=dtype)
    whole = reader(pl.concat([column, column]))
    # A slice begins in the middle of the column's memory.
    for result in (reader(pl.concat([column, column])[1 : 1 + len(stored)]), reader(column[1:-1])):
        assert run_lists(result.runs) == [each if isinstance(each, list) else [] for each in expected]
        assert result.reasons.to_list() == [None if isinstance(each, list) else each for each in expected]
        assert result.reasons.dtype == pl.String
    assert len(whole.runs) == len(whole.reasons) == 2 * len(column)


@pytest.mark.parametrize(
    ("reader", "dtype"),
    [(read_text, pl.String), (read_lists, pl.List(pl.Int64)), (read_compressed, pl.String)],
    ids=["text", "lists", "compressed"],
)
@pytest.mark.parametrize("masks", [0, 3], ids=["no masks", "nulls only"])
def test_nothing_to_read(reader, dtype, masks):
    result = reader(pl.Series([None] * masks, dtype=dtype))
    assert run_lists(result.runs) == [[]] * masks
    assert result.reasons.to_list() == ["there is no mask"] * masks


@pytest.mark.parametrize(
    ("reader", "column", "message"),
    [
        (read_text, pl.Series("mask_rle", [5]), "column 'mask_rle' is Int64, not strings: cast it"),
        (read_compressed, pl.Series("rle", [b"5"]), "column 'rle' is Binary, not strings: cast it"),
        (
            read_lists,
            pl.Series("counts", [[1.5]]),
            "column 'counts' is List(Float64), not lists of Int64: cast it",
        ),
    ],
    ids=["text", "compressed", "lists"],
)
def test_a_column_of_another_type_is_refused(reader, column, message):
    with pytest.raises(ValueError) as error:  # noqa: PT011
        reader(column)
    assert str(error.value) == message


def test_pycocotools_reads_what_the_table_reads():
    from pycocotools.mask import area, toBbox

    for stored, expected in STRINGS.values():
        if isinstance(expected, list) and sum(expected) < 10_000:
            peer = {"size": [1, sum(expected)], "counts": stored}
            assert area(peer) == sum(expected[1::2])
            if sum(expected[1::2]):
                assert toBbox(peer)[0] == next(
                    sum(expected[:at]) for at in range(1, len(expected), 2) if expected[at]
                )
