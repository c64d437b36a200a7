"""Settings of conversations about classed images. Light to import: read when the code location loads."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from vdata_assets.conversations.class_grammar import MARKUP
from vdata_assets.conversations.class_templates import ROLES, SUBJECT, Template, parsed_all

QUESTIONS = [
    "What {noun} is this?",
    "Can you identify this {subject}'s {kind}?",
    "What type of {subject} is shown in this image?",
    "Identify the {kind} of this {subject}.",
    "What {kind} does this {subject} belong to?",
]
ANSWERS = [
    "This is {article} {class}.",
    "The {subject} in the image is {article} {class}.",
    "This {subject} belongs to the {class} {kind}.",
    "{class}",
    "I can identify this as {article} {class} {subject}.",
]
NEGATIVE_QUESTIONS = [
    "Is this {other_article} {other}?",
    "Is the {subject} in this image {other_article} {other}?",
]
NEGATIVE_ANSWERS = [
    "No, this is {article} {class}.",
    "No, it is not {other_article} {other}. It is {article} {class}.",
]
AFFIRMATIVE_ANSWERS = ["Yes, this is {article} {class}.", "Yes, it is {article} {class}."]
CHOICE_QUESTIONS = [
    "Which {kind} does this {subject} belong to: {options}?",
    "What {noun} is this? Choose from {options}.",
]
CHOICE_ANSWERS = ["{class}", "This is {article} {class}."]


def _without_markup(text: str | None) -> str | None:
    """The text, refused if it is blank or holds what trainers replace by a picture."""
    if text is not None and (MARKUP.search(text) or not text.strip()):
        raise ValueError(f"{text!r} is blank or holds markup such as <image>, which trainers replace")
    return text


class ClassName(BaseModel):
    """How a class is spoken of, where its folder's name does not say it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, description="what is written for the class")
    article: Literal["a", "an"] | None = Field(None, description="null: by the sound of the name")
    plural: str | None = Field(None, min_length=1, description="null: by the rules of English")

    @field_validator("name", "plural")
    @classmethod
    def _plain(cls, text: str | None) -> str | None:
        return _without_markup(text)


class ClassWordingSettings(BaseModel):
    """The questions and answers about a classed image."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = Field(42, description="decides questions, answers, other classes and the order of samples")
    n_turns: int = Field(1, ge=1, description="rounds of question and answer about an image, all different")
    subject: str = Field("object", min_length=1, description="what the images show, e.g. cat: {subject}")
    kind: str = Field("class", min_length=1, description="what a class is of it, e.g. breed: {kind}")
    noun: str | None = Field(
        None, min_length=1, description="both together, e.g. cat breed: {noun}; null: subject and kind"
    )
    questions: list[str] = Field(
        QUESTIONS, description=f"placeholders: {', '.join(ROLES['questions'].allowed)}"
    )
    answers: list[str] = Field(
        ANSWERS,
        description=f"placeholders: {', '.join(ROLES['answers'].allowed)}; breed is another word for class",
    )
    negative_share: float = Field(
        0.0, ge=0, le=1, description="share of the samples that begin by asking about a look-alike class"
    )
    affirmative_share: float = Field(
        0.0,
        ge=0,
        le=1,
        description="share of the samples that begin by asking about the right class in the same words; best "
        "as large as negative_share, or such a question is always answered no",
    )
    choice_share: float = Field(
        0.0, ge=0, le=1, description="share of the samples that begin with a choice among look-alike classes"
    )
    negative_questions: list[str] = Field(NEGATIVE_QUESTIONS, description="also of affirmative answers")
    negative_answers: list[str] = Field(NEGATIVE_ANSWERS, description="to them, about a look-alike")
    affirmative_answers: list[str] = Field(AFFIRMATIVE_ANSWERS, description="to them, about the right class")
    choice_questions: list[str] = Field(
        CHOICE_QUESTIONS,
        description="{options}: A, B or C; {lettered}: a line each with a letter, which {letter} names",
    )
    choice_answers: list[str] = Field(CHOICE_ANSWERS, description="to them")
    choice_options: int = Field(4, ge=2, le=26, description="options of a choice, fewer if there are fewer")
    look_alikes: int = Field(5, ge=1, description="nearest classes that other options are drawn from")
    names: dict[str, str | ClassName] = Field(
        {}, description="what is written for a class, by its folder; default: the folder's name"
    )

    @field_validator(*ROLES)
    @classmethod
    def _sound(cls, texts: list[str], info: ValidationInfo) -> list[str]:
        parsed_all(texts, str(info.field_name))
        return texts

    @field_validator("subject", "kind", "noun")
    @classmethod
    def _plain(cls, text: str | None) -> str | None:
        return _without_markup(text)

    @field_validator("names")
    @classmethod
    def _sound_names(cls, names: dict[str, str | ClassName]) -> dict[str, str | ClassName]:
        for name in names.values():
            if isinstance(name, str):
                ClassName(name=name)
        return names

    @model_validator(mode="after")
    def _together(self) -> Self:
        if self.n_turns > len(self.questions):
            raise ValueError(
                f"n_turns: {self.n_turns} rounds need as many different questions, there are "
                f"{len(self.questions)}: add questions or lower it"
            )
        shares = self.negative_share + self.affirmative_share + self.choice_share
        if shares > 1 + 1e-9:
            raise ValueError(
                f"negative_share, affirmative_share and choice_share sum to {shares:g}: make it 1 at most"
            )
        if self.noun is not None:
            self._need_parts(self.noun)
        letters = any("letter" in template.placeholders for template in self.templates("choice_answers"))
        unlettered = [
            template.text
            for template in self.templates("choice_questions")
            if "lettered" not in template.placeholders
        ]
        if letters and unlettered:
            raise ValueError(
                f"choice_answers have {{letter}}, but choice_questions template {unlettered[0]!r} gives no "
                "letters: use {lettered} in every one"
            )
        return self

    def _need_parts(self, noun: str) -> None:
        """Refuse a noun of which a template that is used needs a part that is not set."""
        for role in self.used_roles():
            for template in self.templates(role):
                for part in sorted(template.placeholders & {"subject", "kind"} - self.model_fields_set):
                    raise ValueError(
                        f"noun is {noun!r}, but {role} template {template.text!r} has {{{part}}}: set {part} "
                        "too, e.g. subject: cat and kind: breed, which make the noun cat breed"
                    )

    def used_roles(self) -> list[str]:
        """Roles of which templates are used, given the shares."""
        about_other = self.negative_share > 0 or self.affirmative_share > 0
        used = {
            "negative_questions": about_other,
            "negative_answers": self.negative_share > 0,
            "affirmative_answers": self.affirmative_share > 0,
            "choice_questions": self.choice_share > 0,
            "choice_answers": self.choice_share > 0,
        }
        return [role for role in ROLES if used.get(role, True)]

    def templates(self, role: str) -> tuple[Template, ...]:
        """The templates of a role, a key of :data:`~vdata_assets.conversations.class_templates.ROLES`."""
        return parsed_all(getattr(self, role), role)

    def subject_values(self) -> dict[str, str]:
        """Values of the placeholders about what the images show."""
        noun = f"{self.subject} {self.kind}" if self.noun is None else self.noun
        return dict(zip(SUBJECT, (self.subject, self.kind, noun), strict=True))


class ClassBalanceSettings(BaseModel):
    """How many images of a class are used, and how often."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_per_class: int | None = Field(
        2000, ge=1, description="images of a class that are used, drawn by seed; null: all"
    )
    priority_classes: list[str] = Field(
        [], description="folders' names of classes whose training images are repeated"
    )
    priority_copies: int = Field(5, ge=1, description="how often each of their training images is there")
    minority_ratio: float | None = Field(
        None,
        gt=0,
        le=1,
        description="training samples that every class shall have, as a share of the largest class's images; "
        "null: no class but the priority ones is repeated",
    )
    max_copies: int = Field(10, ge=1, description="how often an image is there at most to reach that share")

    @field_validator("priority_classes")
    @classmethod
    def _once(cls, names: list[str]) -> list[str]:
        twice = [name for at, name in enumerate(names) if name in names[:at]]
        if twice:
            raise ValueError(f"priority_classes: {twice[0]!r} stands twice: remove one")
        return names


class ClassAuditSettings(BaseModel):
    """What is asked of the samples."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_imbalance: float = Field(
        10.0, ge=1, description="how many times the training samples of a class the largest may have"
    )
    max_text_length: int = Field(2000, ge=1, description="characters of the longest text")
