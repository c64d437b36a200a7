"""The questions of the reference game: who is asked what about which image."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vdata_assets.conversations.reference_game import QUESTIONS, listener_rows, speaker_rows


def retrieval(count: int, slots: int = 3, category: str = "pet animal") -> pl.DataFrame:
    rows = [
        {
            "query_id": f"q{number}",
            "query_path": f"{category}/rex/q{number}.jpg",
            "category": category,
            "concept": "rex",
            "label": number % slots,
            "ret_ids": [f"i{number}-{slot}" for slot in range(slots)],
            "ret_paths": [f"{category}/x{slot}/{number}.jpg" for slot in range(slots)],
        }
        for number in range(count)
    ]
    return pl.DataFrame(rows)


@pytest.mark.parametrize(
    ("slots", "names"), [(2, ["A", "B"]), (3, ["A", "B", "C"]), (26, list("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))]
)
def test_the_speakers_solution_is_the_name_of_the_positives_slot(slots: int, names: list[str]) -> None:
    rows = retrieval(slots, slots)
    asked = speaker_rows(rows)
    assert asked["names"].to_list() == [names] * slots
    assert asked["solution"].to_list() == names
    assert asked["ret_paths"].to_list() == rows["ret_paths"].to_list()
    assert asked["image_path"].to_list() == rows["query_path"].to_list()


def test_more_slots_than_names_are_refused() -> None:
    with pytest.raises(
        ValueError, match=r"^a retrieval row has 27 slots and there are 26 names: lower top_k$"
    ):
        speaker_rows(retrieval(1, 27))


@pytest.mark.parametrize("category", ["bag", "pet animal", "{odd} 100%"])
def test_the_questions_name_the_category(category: str) -> None:
    rows = retrieval(2, category=category)
    speaker = speaker_rows(rows)["speaker_problem"][0]
    assert f"Describe the {category} in the image" in speaker
    assert 'five or six words that begin with "A photo of a"' in speaker
    assert speaker.endswith('{"coarse": "A photo of a ...", "detailed": "..."}')
    assert listener_rows(rows, seed=1)["listener_problem"][0] == (
        f"Is the {category} in image 1 the same {category} instance as in image 2, the very same one and "
        "not just one of its kind? Answer with one word: yes or no."
    )


def test_the_wording_has_a_version() -> None:
    assert QUESTIONS.version == "1"


@pytest.mark.parametrize("count", [0, 1, 2, 9, 10, 101])
def test_half_of_the_listeners_answers_are_yes(count: int) -> None:
    answers = listener_rows(retrieval(101).head(count), seed=3)
    assert (answers["listener_solution"] == "yes").sum() == count // 2
    assert answers.height == count


@given(count=st.integers(2, 40), seed=st.integers(0, 3))
def test_yes_shows_the_positive_and_no_a_distractor(count: int, seed: int) -> None:
    rows = retrieval(count)
    asked = listener_rows(rows, seed)
    for row, question in zip(rows.iter_rows(named=True), asked.iter_rows(named=True), strict=True):
        positive = row["ret_paths"][row["label"]]
        assert question["query_image_path"] == row["query_path"]
        assert question["reference_image_path"] in row["ret_paths"]
        assert (question["reference_image_path"] == positive) == (question["listener_solution"] == "yes")


def test_every_distractor_slot_is_shown() -> None:
    rows = retrieval(300, slots=4).with_columns(label=pl.lit(0))
    shown = listener_rows(rows, seed=5).filter(pl.col("listener_solution") == "no")["reference_image_path"]
    slots = shown.str.extract(r"x(\d)/").value_counts(name="shown").sort("shown")
    assert slots.height == 3
    assert slots["shown"].min() > 30


@given(count=st.integers(2, 40), seed=st.integers(0, 3))
def test_a_row_more_changes_at_most_one_other(count: int, seed: int) -> None:
    before = listener_rows(retrieval(count), seed)
    after = listener_rows(retrieval(count + 1), seed).head(count)
    changed = (before["reference_image_path"] != after["reference_image_path"]).sum()
    assert changed <= 1


@given(seed=st.integers(0, 3))
def test_the_order_of_rows_and_slots_changes_nothing(seed: int) -> None:
    rows = retrieval(12)
    reversed_slots = rows.reverse().with_columns(
        pl.col("ret_ids").list.reverse(), pl.col("ret_paths").list.reverse(), label=2 - pl.col("label")
    )
    assert listener_rows(reversed_slots, seed).reverse().equals(listener_rows(rows, seed))


def test_the_listener_is_told_what_is_known_of_the_reference_if_so_wanted() -> None:
    rows = retrieval(40).with_columns(
        ret_descs=pl.col("ret_ids").list.eval(pl.lit("Name: x\nDescription: {slot} ") + pl.element())
    )
    plain = listener_rows(rows, seed=1)
    told = listener_rows(rows, seed=1, use_description=True)
    assert told.drop("listener_problem").equals(plain.drop("listener_problem"))
    slots = {
        path: image
        for paths, images in rows.select("ret_paths", "ret_ids").iter_rows()
        for path, image in zip(paths, images, strict=True)
    }
    for path, question in told.select("reference_image_path", "listener_problem").iter_rows():
        assert question.startswith(
            "The pet animal in image 2 is described as follows:\n"
            f"Name: x\nDescription: {{slot}} {slots[path]}\n\nIs the pet animal in image 1"
        )
        assert question.endswith("Answer with one word: yes or no.")
    assert listener_rows(rows, seed=1)["listener_problem"].equals(
        listener_rows(rows.drop("ret_descs"), seed=1)["listener_problem"]
    )
