"""Classes look alike if the means of their vectors are near."""

import polars as pl
import pytest

from vdata_assets.conversations.class_look_alikes import by_class, look_alikes

IMAGES = pl.DataFrame({"image_id": ["1", "2", "3", "4", "5", "6"], "class": ["a", "a", "b", "c", "d", "e"]})


def vectors(rows: dict[str, list[float] | None]) -> pl.DataFrame:
    return pl.DataFrame(
        {"image_id": list(rows), "vector": list(rows.values())},
        schema={"image_id": pl.String, "vector": pl.Array(pl.Float32, 2)},
    )


PARTS = [
    vectors({"1": [1.0, 0.2], "3": [1.0, 0.1], "9": [5.0, 5.0]}),
    vectors({"2": [1.0, -0.2], "4": [0.0, 1.0], "5": [0.6, 0.8], "6": None}),
]


def test_nearest_classes_come_first_and_one_without_vectors_is_left_out() -> None:
    found = by_class(look_alikes(IMAGES, PARTS, 2))
    assert found == {"a": ["b", "d"], "b": ["a", "d"], "c": ["d", "b"], "d": ["c", "b"]}
    assert by_class(look_alikes(IMAGES, PARTS, 9))["a"] == ["b", "d", "c"]
    assert by_class(look_alikes(IMAGES[::-1], PARTS[::-1], 2)) == found


def test_a_class_keeps_its_list_while_the_classes_in_it_are_there() -> None:
    before = pl.DataFrame({"class": ["a", "b", "c"], "look_alikes": [["c", "b"], ["a", "gone"], ["b", "a"]]})
    found = by_class(look_alikes(IMAGES, PARTS, 2, before))
    assert (found["a"], found["b"], found["c"]) == (["c", "b"], ["a", "d"], ["b", "a"])


def test_no_vectors_are_no_look_alikes() -> None:
    assert look_alikes(IMAGES, [], 3).height == 0


def test_vectors_of_two_encoders_are_refused() -> None:
    other = pl.DataFrame(
        {"image_id": ["2"], "vector": [[1.0]]},
        schema={"image_id": pl.String, "vector": pl.Array(pl.Float32, 1)},
    )
    with pytest.raises(ValueError, match="vectors of 2 and of 1 numbers: use one encoder"):
        look_alikes(IMAGES, [PARTS[0], other], 2)
