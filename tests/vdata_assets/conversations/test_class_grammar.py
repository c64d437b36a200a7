"""Names of classes have the right article and plural."""

import pytest

from vdata_assets.conversations.class_grammar import article, listed, plural, shown_name

AN = (
    "Abyssinian, American Wirehair, Egyptian Mau, hourglass, honest man, heirloom, herb, umbrella, "
    "uninformed voter, unidentified bird, urn, usher, Uzbek, Ewok, SUV, SUVs, LED lamp, MRI scanner, "
    "FBI agent, HTML page, F-16, F16, A380, X-ray, M4, e-bike, iPhone, mp3 player, x, 8-track, 80s "
    "car, 11-speed bike, 18-wheeler, 11000 m, 1800s coin, Éclair, Ångström, Yvonne, yttrium disc, "
    "IKEA shelf"
)
A = (
    "Burmilla, unicorn, university, unique cup, European Shorthair, Ural owl, Ukrainian Levkoy, "
    "utensil, user, ewe, one-piece, onesie, Ouija board, ukulele, UFO, USB stick, UV lamp, NASA "
    "rover, NATO tank, UNESCO site, BMW, RAM, T-shirt, U-boat, B52, yak, YMCA, house, Herbert, "
    "herbivore, Mr Bean, 100 bill, 110 m, 7-up, 180 card, 車"
)


@pytest.mark.parametrize("name", AN.split(", "))
def test_an_stands_before_the_sound_of_a_vowel(name: str) -> None:
    assert article(name) == "an"


@pytest.mark.parametrize("name", [*A.split(", "), "", "'unicorn'", "(uniform)", "—"])
def test_a_stands_before_all_else(name: str) -> None:
    assert article(name) == "a"


@pytest.mark.parametrize(
    ("name", "several"),
    [
        ("American Wirehair", "American Wirehairs"),
        ("Oriental Long Hair", "Oriental Long Hairs"),
        ("Canadian Hairless", "Canadian Hairless"),
        ("Siamese", "Siamese"),
        ("Chartreux", "Chartreux"),
        ("Sphynx", "Sphynxes"),
        ("hourglass", "hourglasses"),
        ("Wolf", "Wolves"),
        ("Persian baby", "Persian babies"),
        ("SUV", "SUVs"),
        ("NASA rover", "NASA rovers"),
        ("A380", "A380s"),
        ("F-16", "F-16"),
        ("X-ray", "X-rays"),
        ("iPhone", "iPhones"),
        ("Éclair", "Éclairs"),
        ("scissors", "scissors"),
        ("grass", "grass"),
        ("hair", "hair"),
        ("man in hat", "man in hat"),
        ("車", "車"),
        ("", ""),
    ],
)
def test_several_of_a_class(name: str, several: str) -> None:
    assert plural(name) == several


@pytest.mark.parametrize(
    ("folder", "shown"),
    [
        ("York Chocolate", "York Chocolate"),
        ("york_chocolate", "york chocolate"),
        (" two\nlines ", "two lines"),
        ("<image>", "image"),
        ("<<image>>", "image"),
        ("<|image_pad|>", "|image pad|"),
        ("a < b", "a < b"),
        ("{class} {0}", "{class} {0}"),
    ],
)
def test_how_a_folder_is_shown(folder: str, shown: str) -> None:
    assert shown_name(folder) == shown


def test_a_choice_is_listed() -> None:
    assert [listed(names) for names in (["A"], ["A", "B"], ["A", "B", "C"])] == ["A", "A or B", "A, B or C"]
