"""The sample shop: its table, ids, views, flaws, and the same bytes whatever the cores."""

import re
import sys
from functools import partial
from pathlib import Path
from typing import NamedTuple

import polars as pl
import pytest
from PIL import Image
from scipy.stats import chi2_contingency

from vdata_assets.samples import __main__ as command
from vdata_assets.samples.concepts import DEMO_SEED
from vdata_assets.samples.garment_kinds import COLOURS, KINDS, SLEEVES_OF, article
from vdata_assets.samples.garment_texts import ATTRIBUTES
from vdata_assets.samples.garments import FLAW_KINDS, LOTS, flawed, planned, truth_of, write_garment_samples
from vdata_resources.images import UnreadableImage, load_rgb

ARTICLES = 30
ID = re.compile(r"(WOMEN|MEN)-(\w+)-id_(\d{8})-(\d{2})_([12347])_(front|side|back|full|additional)")
TRUE = [f"true_{name}" for name in ATTRIBUTES]


class Shop(NamedTuple):
    root: Path
    truth: pl.DataFrame

    @property
    def sound(self) -> pl.DataFrame:
        return self.truth.filter(pl.col("flaw").is_null())

    @property
    def table(self) -> pl.DataFrame:
        return pl.read_csv(self.root / "products.csv", infer_schema=False)

    def of(self, flaw: str) -> pl.DataFrame:
        return self.truth.filter(pl.col("flaw").cast(pl.String) == flaw)


@pytest.fixture(scope="module")
def shop(tmp_path_factory) -> Shop:
    root = tmp_path_factory.mktemp("samples") / "shop"
    return Shop(root, write_garment_samples(root, articles=ARTICLES, flaws=True))


def test_the_table_says_of_every_row_what_the_truth_says(shop):
    columns = {
        "product_id": "item_ID",
        "path": "image",
        "category": "category2",
        "text": "text",
        "colour": "colour",
        "lot": "lot",
    }
    assert shop.table.columns == list(columns.values())
    emptied = pl.when(pl.col("flaw").cast(pl.String) == "empty category").then(None).otherwise("category")
    told = shop.truth.with_columns(emptied.alias("category")).select(list(columns)).rename(columns)
    assert shop.table.equals(told)
    assert shop.truth["row"].to_list() == list(range(shop.truth.height))


def test_ids_name_category_article_variant_and_view(shop):
    for row in shop.truth.iter_rows(named=True):
        found = ID.fullmatch(row["product_id"])
        assert found, row["product_id"]
        assert found[2] == row["category"]
        assert int(found[3]) == row["article"]
        assert int(found[4]) == row["variant"]
        assert found[6] == row["view"]


def test_views_of_an_article_share_what_is_drawn_and_a_variant_its_colour(shop):
    articles = shop.sound.group_by("article")
    assert set(articles.len()["len"]) <= {1, 2, 3}
    assert articles.agg(pl.col("category", *TRUE).n_unique()).drop("article").max().row(0) == (1,) * 5
    assert shop.sound.group_by("article", "variant").agg(pl.col("colour").n_unique())["colour"].max() == 1
    assert shop.truth.filter(view="front")["article"].n_unique() >= ARTICLES


def test_categories_take_turns_and_have_what_belongs_to_them():
    made = [article(number, DEMO_SEED) for number in range(1, 481)]
    assert {one.category for one in made[:12]} == set(KINDS)
    for one in made:
        assert one.material in one.kind.materials
        assert (one.neckline is None) == (one.sleeve is None) == (one.kind.body == "lower")
        assert one.neckline is None or one.neckline in one.kind.necklines
        assert one.sleeve is None or one.sleeve in SLEEVES_OF.get(one.neckline, one.kind.sleeves)
        assert {colour for pair in one.colours for colour in pair} <= set(COLOURS)
        assert len({main for main, _ in one.colours}) == len(one.colours)
    assert any(len(one.colours) == 2 for one in made)
    assert 900 <= sum(one.views for one in made) <= 1100


def drawn_lots(articles: int) -> list[dict[str, object]]:
    rows = [truth_of(number, plan, DEMO_SEED) for number, plan in enumerate(planned(articles, DEMO_SEED))]
    return [
        {
            "id": row["product_id"],
            "article": row["article"],
            "lot": row["lot"],
            "category": row["category"],
            "material": row["true_material"],
            "pattern": row["true_pattern"],
        }
        for row in rows
    ]


def test_a_lot_is_independent_of_everything():
    plans = pl.DataFrame(drawn_lots(480))
    assert set(plans["lot"]) == set(LOTS)
    for name in ("category", "material", "pattern"):
        counts = plans.pivot(name, index="lot", values="id", aggregate_function="len").fill_null(0)
        assert chi2_contingency(counts.drop("lot").to_numpy()).pvalue > 0.01, name
    several = plans.group_by("article").agg(pl.len(), pl.col("lot").n_unique()).filter(pl.col("len") > 1)
    assert (several["lot"] > 1).mean() > 0.7


def test_every_kind_of_flaw_is_there_and_recorded(shop):
    assert set(shop.truth["flaw"].drop_nulls()) == set(FLAW_KINDS)


def test_about_one_row_in_sixty_is_flawed():
    plans = planned(480, DEMO_SEED)
    share = sum(plan.flaw is not None for plan in flawed(plans, 480, DEMO_SEED)) / len(plans)
    assert 1 / 70 < share < 1 / 50


def test_missing_and_unreadable_pictures_are(shop):
    (missing,) = shop.of("missing")["path"]
    assert not (shop.root / missing).exists()
    (truncated,) = shop.of("truncated")["path"]
    (unknown,) = shop.of("unknown format")["path"]
    assert unknown.endswith(".psd")
    for path in (truncated, unknown):
        with pytest.raises(UnreadableImage):
            load_rgb(shop.root / path)


def test_all_other_pictures_are_of_one_size_and_in_the_folder(shop):
    broken = shop.truth.filter(pl.col("flaw").cast(pl.String).is_in(["truncated", "unknown format"]))
    (missing,) = shop.of("missing")["path"]
    files = {file.relative_to(shop.root).as_posix() for file in (shop.root / "images").iterdir()}
    assert files == set(shop.truth["path"]) - {missing}
    for path in files - set(broken["path"]):
        with Image.open(shop.root / path) as image:
            assert (image.format, image.size) == ("JPEG", (96, 128))


def test_a_repeated_id_shows_the_same_article_anew(shop):
    (again,) = shop.of("repeated id").iter_rows(named=True)
    first, second = shop.truth.filter(product_id=again["product_id"]).iter_rows(named=True)
    assert second == again
    assert first["article"] == again["article"]
    pictures = [(shop.root / row["path"]).read_bytes() for row in (first, again)]
    assert pictures[0] != pictures[1]


def test_a_duplicate_is_the_same_picture_under_another_id(shop):
    (copy,) = shop.of("duplicate").iter_rows(named=True)
    data = (shop.root / copy["path"]).read_bytes()
    same = [
        row
        for row in shop.sound.iter_rows(named=True)
        if (shop.root / row["path"]).read_bytes() == data and row["text"] == copy["text"]
    ]
    assert len(same) == 1
    assert same[0]["article"] != copy["article"]
    assert {name: same[0][name] for name in (*ATTRIBUTES, *TRUE)} == {
        name: copy[name] for name in (*ATTRIBUTES, *TRUE)
    }


def test_no_two_sound_pictures_are_the_same(shop):
    pictures = {(shop.root / path).read_bytes() for path in shop.sound["path"]}
    assert len(pictures) == shop.sound.height


def test_further_articles_and_flaws_change_no_sound_row_or_picture(shop, tmp_path, file_digests):
    few = write_garment_samples(tmp_path / "few", articles=8)
    sound = shop.sound.filter(pl.col("article") <= 8)
    assert few.join(sound, on="product_id", how="semi").equals(sound)
    of_few, of_all = file_digests(tmp_path / "few"), file_digests(shop.root)
    assert {path: of_few[path] for path in sound["path"]}.items() <= of_all.items()
    assert sound.height > 8


def test_the_same_bytes_on_any_number_of_cores_and_others_for_another_seed(tmp_path, file_digests):
    made = {}
    for name, options in {"one": {"workers": 1}, "three": {"workers": 3}, "other": {"seed": 7}}.items():
        write_garment_samples(tmp_path / name, articles=4, **options)
        table = (tmp_path / name / "products.csv").read_bytes()
        made[name] = (table, file_digests(tmp_path / name))
    assert made["one"] == made["three"]
    assert made["one"][0] != made["other"][0]
    assert not set(made["one"][1].values()) & set(made["other"][1].values())


def test_the_folder_appears_complete_or_not_at_all(tmp_path, monkeypatch):
    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("vdata_assets.samples.garments.drawn", fail)
    with pytest.raises(OSError, match="disk full"):
        write_garment_samples(tmp_path / "shop", articles=1)
    assert not (tmp_path / "shop").exists()


def test_a_folder_in_use_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").touch()
    with pytest.raises(FileExistsError) as refused:
        write_garment_samples(tmp_path, articles=1)
    assert str(refused.value) == f"{tmp_path} is not an empty folder: name another, or remove it first"
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"articles": 0}, r"^articles: 0, must be at least 1$"),
        ({"articles": 11, "flaws": True}, r"^articles: 11, must be at least 12 with flaws$"),
    ],
    ids=["none", "too few for flaws"],
)
def test_too_few_articles_are_refused(tmp_path, asked, message):
    with pytest.raises(ValueError, match=message):
        write_garment_samples(tmp_path / "none", **asked)


def test_the_command_draws_garments(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(command, "write_garment_samples", partial(write_garment_samples, articles=2))
    monkeypatch.setattr(
        sys, "argv", ["samples", "--kind", "garments", "--root", str(tmp_path / "shop"), "--seed", "4"]
    )
    command.main()
    rows = len(planned(2, 4))
    assert capsys.readouterr().out == f"{tmp_path / 'shop'}: {rows} rows of 2 garments\n"
