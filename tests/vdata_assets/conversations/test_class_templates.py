"""Templates and settings are checked before they are used, and names are data."""

import pytest
from pydantic import ValidationError

from vdata_assets.conversations.class_settings import (
    ClassBalanceSettings,
    ClassName,
    ClassWordingSettings,
)
from vdata_assets.conversations.class_templates import parsed

CATS = ClassWordingSettings(subject="cat", kind="breed")
BIRMAN = {"class": "Birman", "breed": "Birman", "article": "a", "plural": "Birmans"}


def test_the_defaults_are_the_usual_five_and_five_with_articles() -> None:
    values = CATS.subject_values()
    assert [template.fill(values) for template in CATS.templates("questions")] == [
        "What cat breed is this?",
        "Can you identify this cat's breed?",
        "What type of cat is shown in this image?",
        "Identify the breed of this cat.",
        "What breed does this cat belong to?",
    ]
    assert [template.fill(values | BIRMAN) for template in CATS.templates("answers")] == [
        "This is a Birman.",
        "The cat in the image is a Birman.",
        "This cat belongs to the Birman breed.",
        "Birman",
        "I can identify this as a Birman cat.",
    ]


def test_breed_is_class_and_an_article_that_begins_a_text_has_a_capital() -> None:
    template = parsed("{article} {breed}, one of the {plural}", "answers")
    assert template.fill(BIRMAN) == "A Birman, one of the Birmans"


def test_braces_of_a_name_are_data_and_doubled_ones_are_braces() -> None:
    name = "{class} {0} {{x}}"
    assert parsed("{{{class}}}", "answers").fill({"class": name}) == f"{{{name}}}"


QUESTION = "allowed are {subject}, {kind}, {noun} (a question that names the class gives the answer away)"
ANSWER = (
    "allowed are {class}, {breed}, {article}, {plural}, {subject}, {kind}, {noun} (an answer names the class)"
)


@pytest.mark.parametrize(
    ("role", "text", "message"),
    [
        (
            "questions",
            "A {cat}?",
            f"questions: template 'A {{cat}}?' has the placeholder {{cat}}: {QUESTION}",
        ),
        (
            "questions",
            "{class}?",
            f"questions: template '{{class}}?' has the placeholder {{class}}: {QUESTION}",
        ),
        ("answers", "{}", f"answers: template '{{}}' has the placeholder {{}}: {ANSWER}"),
        (
            "answers",
            "{class!r}",
            f"answers: template '{{class!r}}' has the placeholder {{class!r}}: {ANSWER}",
        ),
        (
            "answers",
            "{class:>9}",
            f"answers: template '{{class:>9}}' has the placeholder {{class:>9}}: {ANSWER}",
        ),
        (
            "answers",
            "{class.x}",
            f"answers: template '{{class.x}}' has the placeholder {{class.x}}: {ANSWER}",
        ),
        (
            "answers",
            "It is.",
            "answers: template 'It is.' has none of {class}, {breed}, {plural}: add one "
            "(an answer names the class)",
        ),
        (
            "negative_questions",
            "Is it?",
            "negative_questions: template 'Is it?' has none of {other}, {other_plural}: add one "
            "(the question asks about another class)",
        ),
        (
            "choice_questions",
            "Which {kind}?",
            "choice_questions: template 'Which {kind}?' has none of {options}, {lettered}: add one "
            "(the question lists the options)",
        ),
        (
            "answers",
            "{class",
            "answers: template '{class' has a stray brace (expected '}' before end of string): "
            "write {{ or }} for a brace",
        ),
        ("answers", " ", "answers: a template is empty: write a text, or remove it"),
        (
            "questions",
            "<image> What?",
            "questions: template '<image> What?' holds markup such as <image>: exports place the picture",
        ),
    ],
)
def test_a_bad_template_is_named_with_what_is_allowed(role: str, text: str, message: str) -> None:
    with pytest.raises(ValidationError) as error:
        ClassWordingSettings(**{role: [text]})  # type: ignore[arg-type]
    assert error.value.errors()[0]["loc"] == (role,)
    assert error.value.errors()[0]["msg"] == f"Value error, {message}"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"questions": []}, "questions: there is no template: write one at least"),
        ({"questions": ["What?", "What?"]}, "questions: template 'What?' stands twice: remove one"),
        (
            {"n_turns": 6},
            "n_turns: 6 rounds need as many different questions, there are 5: add questions or lower it",
        ),
        (
            {"negative_share": 0.6, "choice_share": 0.6},
            "negative_share, affirmative_share and choice_share sum to 1.2: make it 1 at most",
        ),
        (
            {"choice_answers": ["{letter}"]},
            "choice_answers have {letter}, but choice_questions template 'Which {kind} does this {subject} "
            "belong to: {options}?' gives no letters: use {lettered} in every one",
        ),
        (
            {"noun": "cat breed", "subject": "cat"},
            "noun is 'cat breed', but questions template \"Can you identify this {subject}'s {kind}?\" has "
            "{kind}: set kind too, e.g. subject: cat and kind: breed, which make the noun cat breed",
        ),
        (
            {"subject": "<image>"},
            "'<image>' is blank or holds markup such as <image>, which trainers replace",
        ),
        ({"names": {"a": " "}}, "' ' is blank or holds markup such as <image>, which trainers replace"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError) as error:
        ClassWordingSettings(**settings)  # type: ignore[arg-type]
    assert message in error.value.errors()[0]["msg"]


def test_a_noun_is_enough_where_no_template_in_use_has_its_parts() -> None:
    settings = ClassWordingSettings(
        noun="cat breed", questions=["What {noun} is this?"], answers=["This is {article} {class}."]
    )
    assert settings.templates("questions")[0].fill(settings.subject_values()) == "What cat breed is this?"


def test_a_priority_class_stands_once() -> None:
    with pytest.raises(ValidationError, match="priority_classes: 'a' stands twice: remove one"):
        ClassBalanceSettings(priority_classes=["a", "b", "a"])


def test_a_class_name_may_set_article_and_plural() -> None:
    assert ClassName(name="octopus", plural="octopodes").article is None
