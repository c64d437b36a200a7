"""Instructions fit the objects, and what the answers state is true."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vdata_assets.conversations.nouns import Noun, noun
from vdata_assets.conversations.segmentation import (
    PHRASES,
    Phrases,
    Statement,
    segmentation_conversation,
    statements,
    untruth,
)

A, B, C, D = (1, 2, 30, 40), (5, 6, 7, 8), (9, 10, 11, 12), (0, 0, 1, 1)


@pytest.mark.parametrize(
    ("label", "singular", "plural", "article"),
    [
        ("car", "car", "cars", "a"),
        ("person", "person", "people", "a"),
        ("Person", "Person", "People", "a"),
        ("woman", "woman", "women", "a"),
        ("human", "human", "humans", "a"),
        ("child", "child", "children", "a"),
        ("bus", "bus", "buses", "a"),
        ("school_bus", "school bus", "school buses", "a"),
        ("wine glass", "wine glass", "wine glasses", "a"),
        ("bench", "bench", "benches", "a"),
        ("baby", "baby", "babies", "a"),
        ("monkey", "monkey", "monkeys", "a"),
        ("knife", "knife", "knives", "a"),
        ("giraffe", "giraffe", "giraffes", "a"),
        ("sheep", "sheep", "sheep", "a"),
        ("apple", "apple", "apples", "an"),
        ("umbrella", "umbrella", "umbrellas", "an"),
        ("unicycle", "unicycle", "unicycles", "a"),
        ("hourglass", "hourglass", "hourglasses", "an"),
        ("hot-dog", "hot-dog", "hot-dogs", "a"),
        ("  potted__plant ", "potted plant", "potted plants", "a"),
    ],
)
def test_a_label_is_a_noun_with_its_plural_and_article(
    label: str, singular: str, plural: str, article: str
) -> None:
    assert noun(label) == Noun(singular, plural, article)


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("cars", "cars"),
        ("people", "people"),
        ("mice", "mice"),
        ("scissors", "scissors"),
        ("skis", "skis"),
        ("grass", "grass"),
        ("SUV", "SUV"),
        ("object_1", "object 1"),
        ("x", "x"),
        ("us", "us"),
        ("man in hat", "man in hat"),
        ("person riding bike", "person riding bike"),
        ("車", "車"),
        ("dog at [1, 2, 3, 4]", "dog at (1, 2, 3, 4)"),
    ],
)
def test_a_label_whose_grammar_is_not_sure_is_quoted(label: str, shown: str) -> None:
    assert noun(label) == Noun(f'object labelled "{shown}"', f'objects labelled "{shown}"', "an")


ONE_WAY = Phrases(
    version="test",
    everything=("Identify all objects in the image.",),
    one=("Segment the {singular}.",),
    several=("Find and segment all {plural}.",),
    number=(),
    answers=("There {verb} {stated}.",),
)


def said(labels: list[str], boxes: list[tuple[int, ...]], turns: int, seed: int = 0) -> list[str]:
    """The first conversation, by seed, of so many turns."""
    while True:
        conversation = segmentation_conversation("f", labels, boxes, seed, ONE_WAY)
        if len(conversation.turns) == turns:
            return [turn["value"] for turn in conversation.turns]
        seed += 1


@pytest.mark.parametrize(
    ("labels", "boxes", "turns", "texts"),
    [
        (["person"], [A], 2, {"<image>\nSegment the person.", "There is 1 person at [1, 2, 30, 40]."}),
        (
            ["car", "car"],
            [A, B],
            2,
            {"<image>\nFind and segment all cars.", "There are 2 cars: at [1, 2, 30, 40] and [5, 6, 7, 8]."},
        ),
        (
            ["car", "car", "car"],
            [A, B, C],
            2,
            {
                "<image>\nFind and segment all cars.",
                "There are 3 cars: at [1, 2, 30, 40], [5, 6, 7, 8] and [9, 10, 11, 12].",
            },
        ),
    ],
    ids=["one", "two", "three"],
)
def test_verbs_and_plurals_agree(
    labels: list[str], boxes: list[tuple[int, ...]], turns: int, texts: set[str]
) -> None:
    seed = 0
    while "object" in said(labels, boxes, turns, seed)[0]:
        seed += 1
    assert set(said(labels, boxes, turns, seed)) == texts


def test_a_conversation_asks_once_for_everything_or_once_for_every_class() -> None:
    labels, boxes = ["car", "person", "car"], [A, B, C]
    question, answer = said(labels, boxes, 2)
    assert question == "<image>\nIdentify all objects in the image."
    assert answer in (
        "There are 3 objects: 2 cars at [1, 2, 30, 40] and [9, 10, 11, 12]; 1 person at [5, 6, 7, 8].",
        "There are 3 objects: 1 person at [5, 6, 7, 8]; 2 cars at [1, 2, 30, 40] and [9, 10, 11, 12].",
    )
    assert {text.removeprefix("<image>\n") for text in said(labels, boxes, 4)} == {
        "Segment the person.",
        "There is 1 person at [5, 6, 7, 8].",
        "Find and segment all cars.",
        "There are 2 cars: at [1, 2, 30, 40] and [9, 10, 11, 12].",
    }


def test_more_than_eight_classes_are_asked_for_once() -> None:
    labels = ["ant", "bear", "cat", "dog", "eel", "fox", "goat", "hen", "ibis"]
    for frame in range(30):
        nine = segmentation_conversation(str(frame), labels, [A] * 9, 1)
        assert len(nine.turns) == 2
        assert "9 objects: " in nine.turns[1]["value"]
    lengths = {
        len(segmentation_conversation(str(frame), labels[:8], [A] * 8, 1).turns) for frame in range(30)
    }
    assert lengths == {2, 16}


def test_every_phrase_is_used_and_none_much_more_than_others() -> None:
    questions, openings, modes, first = Counter(), Counter(), Counter(), Counter()
    for frame in range(3000):
        turns = segmentation_conversation(f"f-{frame}", ["car", "person", "person"], [A, B, C], 23).turns
        modes[len(turns)] += 1
        for asked, answered in zip(turns[::2], turns[1::2], strict=True):
            questions[asked["value"].removeprefix("<image>\n")] += 1
            openings[answered["value"].split(" ")[0]] += 1
        if len(turns) == 4:
            first["1 car" in turns[1]["value"]] += 1
    assert len(questions) == len(PHRASES.everything) + sum(
        len(choices) + len(PHRASES.number) for choices in (PHRASES.one, PHRASES.several)
    )
    for counts in (openings, modes, first):
        assert max(counts.values()) < 1.25 * min(counts.values())
    assert max(questions.values()) < 2 * min(questions.values())


def test_two_spellings_of_a_class_are_one_class() -> None:
    turns = segmentation_conversation("f", ["traffic_light", "traffic light"], [A, B], 1).turns
    assert statements(turns) == [Statement(2, "traffic lights", [A, B])]


@pytest.mark.parametrize(("labels", "boxes"), [([], []), (["car"], []), (["car"], [A, B])])
def test_objects_need_a_label_and_a_box_each(labels: list[str], boxes: list[tuple[int, ...]]) -> None:
    with pytest.raises(ValueError, match=f"frame f-1: {len(labels)} labels and {len(boxes)} boxes"):
        segmentation_conversation("f-1", labels, boxes, 1)


LABELS = st.one_of(
    st.sampled_from(
        ["person", "car", "cars", "dog_house", "object", "objects", "3 cars", "2 dogs at [1, 2, 3, 4]"]
    ),
    st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="<>"), min_size=1, max_size=12),
)
BOXES = st.tuples(*[st.integers(0, 10_000)] * 4)


@given(st.lists(st.tuples(LABELS, BOXES), min_size=1, max_size=30), st.integers(), st.text(max_size=5))
def test_what_the_answers_state_read_back_is_the_objects_each_once(
    objects: list[tuple[str, tuple[int, ...]]], seed: int, frame_id: str
) -> None:
    labels, boxes = [label for label, _ in objects], [box for _, box in objects]
    conversation = segmentation_conversation(frame_id, labels, boxes, seed)
    assert sorted(conversation.order) == list(range(len(objects)))
    mentioned = [boxes[place] for place in conversation.order]
    told = statements(conversation.turns)
    assert [box for statement in told for box in statement.boxes] == mentioned
    names = [noun(labels[place]) for place in conversation.order]
    counts = Counter(names)
    assert [statement.name for statement in told for _ in statement.boxes] == [
        name.of(counts[name]) for name in names
    ]
    assert {statement.name: statement.count for statement in told} == {
        name.of(count): count for name, count in counts.items()
    }
    assert untruth(conversation.turns, mentioned, labels, boxes) is None
    assert conversation.turns[0]["value"].startswith("<image>\n")
    assert sum("<image>" in turn["value"] for turn in conversation.turns) == 1
    assert conversation == segmentation_conversation(frame_id, labels, boxes, seed)


def dialogue(*texts: str) -> list[dict[str, str]]:
    return [{"from": ("human", "gpt")[at % 2], "value": text} for at, text in enumerate(texts)]


@pytest.mark.parametrize(
    ("turns", "why"),
    [
        ([], "turns are from []"),
        (dialogue("<image>\nHi."), "turns are from ['human']"),
        (
            dialogue("Hi.", "There are 2 cars: at [1, 2, 30, 40] and [5, 6, 7, 8]."),
            "the first turn, and no other",
        ),
        (dialogue("<image>\nHi.", "Two cars."), "an answer cannot be read: 'Two cars.'"),
        (
            dialogue("<image>\nHi.", "There are 3 objects: 2 cars at [1, 2, 30, 40] and [5, 6, 7, 8]."),
            "an answer's total is not the sum",
        ),
        (
            dialogue("<image>\nHi.", "There are 3 cars: at [1, 2, 30, 40] and [5, 6, 7, 8]."),
            "3 cars are counted and 2 located",
        ),
        (
            dialogue("<image>\nHi.", "There are 2 cars: at [5, 6, 7, 8] and [1, 2, 30, 40]."),
            "the boxes of the answers are not the sample's in their order",
        ),
        (
            dialogue("<image>\nHi.", "There are 2 dogs: at [1, 2, 30, 40] and [5, 6, 7, 8]."),
            "the classes and boxes of the answers are not those of the objects",
        ),
        (
            dialogue("<image>\nHi.", "There are 2 car: at [1, 2, 30, 40] and [5, 6, 7, 8]."),
            "the classes and boxes of the answers are not those of the objects",
        ),
    ],
)
def test_an_untruth_is_named(turns: list[dict[str, str]], why: str) -> None:
    found = untruth(turns, [A, B], ["car", "car"], [A, B])
    assert found is not None
    assert found.startswith(why)


def test_other_wording_changes_the_text_alone() -> None:
    usual = segmentation_conversation("f-1", ["car", "dog"], [A, D], 5)
    other = replace(PHRASES, version="2", answers=("I found {stated}.",))
    changed = segmentation_conversation("f-1", ["car", "dog"], [A, D], 5, other)
    assert changed.order == usual.order
    assert all(turn["value"].startswith("I found ") for turn in changed.turns[1::2])
