"""What is said about an image depends on the image, and is true."""

import re

import polars as pl
import pytest
from class_data import all_in, image_rows

from vdata_assets.conversations.class_balance import sample_rows
from vdata_assets.conversations.class_samples import Conversations, LookAlikes
from vdata_assets.conversations.class_settings import ClassBalanceSettings, ClassName, ClassWordingSettings
from vdata_assets.splits.settings import SplitSettings

NAMES = ["Abyssinian", "Birman", "Burmilla", "Persian", "Siamese"]
Said = dict[str, list[str]]


def said(
    counts: dict[str, int],
    near: LookAlikes | None = None,
    size: int = 7,
    balance: ClassBalanceSettings | None = None,
    **settings: object,
) -> Said:
    images = image_rows(counts)
    rows = sample_rows(images, all_in(images), SplitSettings(), balance or ClassBalanceSettings(), 42)
    wording = ClassWordingSettings(subject="cat", kind="breed", **settings)  # type: ignore[arg-type]
    made = pl.concat(Conversations(rows, wording, near).batches(size))
    assert made.drop("turns").equals(rows)
    assert set(made["turns"].list.eval(pl.element().struct.field("role")).to_list()[0]) == {
        "user",
        "assistant",
    }
    return {
        sample_id: [turn["text"] for turn in turns]
        for sample_id, turns in made.select("sample_id", "turns").iter_rows()
    }


def test_rounds_are_as_many_as_wanted_and_no_question_comes_twice() -> None:
    for texts in said({"Persian": 40, "Birman": 40}, n_turns=5).values():
        assert len(texts) == 10
        assert len(set(texts[0::2])) == 5


def test_all_templates_are_used_and_every_answer_names_the_class() -> None:
    found = said({"Abyssinian": 120, "Birman": 60})
    assert len({texts[0] for texts in found.values()}) == 5
    assert len({texts[1] for texts in found.values()}) == 10
    assert all(name.split("_")[0] in texts[1] for name, texts in found.items())
    assert "This is an Abyssinian." in {texts[1] for texts in found.values()}


def test_more_images_and_other_batches_change_nothing_that_is_said() -> None:
    shares = {"negative_share": 0.3, "choice_share": 0.3, "affirmative_share": 0.2, "n_turns": 2}
    few = said(dict.fromkeys(NAMES, 6), size=1000, **shares)
    many = said(dict.fromkeys(NAMES, 20), size=3, **shares)
    assert {name: many[name] for name in few} == few


def test_another_seed_says_something_else() -> None:
    assert said({"Persian": 40}) != said({"Persian": 40}, seed=43)


def test_a_copy_is_drawn_anew() -> None:
    found = said({"Persian": 30}, balance=ClassBalanceSettings(priority_classes=["Persian"]))
    texts = [
        {tuple(found[f"Persian_{n:04}{copy}"]) for copy in ("", "_copy1", "_copy2", "_copy3", "_copy4")}
        for n in range(30)
    ]
    assert len(found) == 150
    assert sum(len(different) for different in texts) > 110


def test_negative_questions_are_about_look_alikes_and_are_denied() -> None:
    near = {"Persian": ["Birman", "Siamese"]}
    found = said(dict.fromkeys(NAMES, 40), near, negative_share=1.0)
    asked = {texts[0] for name, texts in found.items() if name.startswith("Persian")}
    assert {re.sub(".* an? ", "", text) for text in asked} == {"Birman?", "Siamese?"}
    for name, (question, answer) in found.items():
        own = name.partition("_")[0]
        assert own not in question
        assert answer.startswith("No, ")
        assert own in answer


def test_only_so_many_look_alikes_are_asked_about() -> None:
    near = {name: [other for other in NAMES if other != name] for name in NAMES}
    found = said(dict.fromkeys(NAMES, 40), near, negative_share=1.0, look_alikes=1)
    assert {texts[0] for name, texts in found.items() if name.startswith("Siamese")} == {
        "Is this an Abyssinian?",
        "Is the cat in this image an Abyssinian?",
    }


def test_affirmative_questions_are_in_the_same_words_and_affirmed() -> None:
    for name, (question, answer) in said(dict.fromkeys(NAMES, 10), affirmative_share=1.0).items():
        assert question.startswith("Is ")
        assert name.partition("_")[0] in question
        assert answer.startswith("Yes, ")


def test_a_choice_has_the_class_among_others_at_any_place() -> None:
    places = set()
    for name, (question, answer) in said(dict.fromkeys(NAMES, 40), choice_share=1.0).items():
        options = re.split(", | or ", re.split(": |from ", question)[1].rstrip("?."))
        own = name.partition("_")[0]
        assert len(set(options)) == 4
        assert set(options) <= set(NAMES)
        assert own in answer
        places.add(options.index(own))
    assert places == {0, 1, 2, 3}


def test_letters_of_a_choice_are_right() -> None:
    found = said(
        dict.fromkeys(NAMES[:2], 20),
        choice_share=1.0,
        choice_questions=["Which one?\n{lettered}"],
        choice_answers=["{letter}. {class}"],
    )
    for question, answer in found.values():
        assert answer in question.splitlines()[1:]
        assert len(question.splitlines()) == 3


def test_shares_are_kept_and_the_other_rounds_are_plain() -> None:
    found = said(dict.fromkeys(NAMES, 200), negative_share=0.25, choice_share=0.5, n_turns=2)
    first = [texts[1].startswith("No, ") for texts in found.values()]
    assert 0.2 < sum(first) / 1000 < 0.3
    assert not any(texts[3].startswith("No, ") for texts in found.values())


def test_one_class_alone_is_asked_about_plainly() -> None:
    assert said({"Persian": 5}, negative_share=0.5, choice_share=0.5) == said({"Persian": 5})


def test_names_are_data_and_may_be_mapped() -> None:
    names = {"b": ClassName(name="octopus", article="a", plural="octopodes"), "c": "sea_urchin"}
    answers = ["{article} {class} of the {plural}"]
    found = said({"{class}": 1, "b": 1, "c": 1, "tabby_cat": 1}, names=names, answers=answers)
    assert sorted(texts[1] for texts in found.values()) == [
        "A octopus of the octopodes",
        "A sea_urchin of the sea_urchin",
        "A tabby cat of the tabby cats",
        "A {class} of the {class}",
    ]


def test_folders_that_would_be_written_alike_keep_their_names() -> None:
    found = said({"d_e": 1, "d e": 1}, answers=["{class}"])
    assert sorted(texts[1] for texts in found.values()) == ["d e", "d_e"]


def test_two_classes_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="classes 'a' and 'b' are both written 'cat': set another in names"):
        said({"a": 1, "b": 1}, names={"a": "cat", "b": "cat"})


def test_a_class_without_a_name_is_refused() -> None:
    with pytest.raises(ValueError, match="class '_' has no name that can be written: set one in names"):
        said({"_": 1})


def test_template_usage_counts_what_is_said() -> None:
    images = image_rows(dict.fromkeys(NAMES, 10))
    rows = sample_rows(images, all_in(images), SplitSettings(), ClassBalanceSettings(), 42)
    settings = ClassWordingSettings(n_turns=2, negative_share=0.5, choice_share=0.2)
    made = Conversations(rows, settings)
    questions = pl.concat(made.batches())["turns"].explode().struct.field("text").to_list()[0::2]
    usage = made.template_usage()
    plain = usage.filter((pl.col("role") == "questions") & (pl.col("template") == "What {noun} is this?"))
    assert plain["uses"].to_list() == [questions.count("What object class is this?")]
    of_role = dict(usage.group_by("role").agg(pl.col("uses").sum()).iter_rows())
    asked = of_role["questions"] + of_role["negative_questions"] + of_role["choice_questions"]
    assert asked == len(questions) == 100
    assert of_role["negative_questions"] == of_role["negative_answers"] > 0
    assert of_role["affirmative_answers"] == 0


def test_an_id_that_is_no_hash_is_named() -> None:
    images = image_rows({"a": 1}).with_columns(image_id=pl.lit("not a hash"))
    with pytest.raises(ValueError, match="image_id is not 32 hex digits, as a catalog's are"):
        sample_rows(images, all_in(images), SplitSettings(), ClassBalanceSettings(), 42)
