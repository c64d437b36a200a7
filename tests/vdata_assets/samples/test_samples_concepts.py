import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from vdata_assets.samples import concepts
from vdata_assets.samples.concepts import GROUND_TRUTH, write_concept_images
from vdata_assets.samples.products import KINDS
from vdata_assets.samples.variants import concepts_of, picture, view_of

SMALL = {"seed": 3, "categories": {"mug": 2, "picnic basket": 1}, "views_per_concept": 2, "size": 64}


def test_the_tree_holds_the_images_of_the_ground_truth_and_nothing_else(shelf, file_digests):
    assert sorted(file_digests(shelf.root)) == shelf.truth["path"].to_list()
    counts = shelf.truth.group_by("category", "concept").len()
    assert counts.group_by("category").len()["len"].to_list() == [5] * 6
    assert counts["len"].unique().to_list() == [6]
    assert "picnic basket" in counts["category"]
    assert shelf.truth.select(
        pl.col("path").str.starts_with(pl.concat_str("category", pl.lit("/"), "concept", pl.lit("/"))).all()
    ).item()


def test_every_image_opens_as_what_its_name_says(shelf):
    formats = {".jpg": "JPEG", ".png": "PNG", ".webp": "WEBP"}
    seen = set()
    for path in shelf.truth["path"]:
        with Image.open(shelf.root / path) as image:
            image.load()
            assert (image.format, image.mode, image.size) == (formats[Path(path).suffix], "RGB", (128, 128))
            seen.add(image.format)
    assert seen == {"JPEG", "PNG", "WEBP"}


def test_no_two_images_are_the_same(shelf, file_digests):
    digests = list(file_digests(shelf.root).values())
    assert len(set(digests)) == len(digests)


def test_the_ground_truth_stands_beside_the_images_as_csv(shelf):
    stored = pl.read_csv(shelf.root / GROUND_TRUTH, schema=shelf.truth.schema)
    assert stored.equals(shelf.truth)


def test_the_ground_truth_is_what_was_drawn(shelf):
    rows = shelf.truth.sample(12, seed=1).rows(named=True)
    for row in rows:
        concept = next(
            c for c in concepts_of(row["category"], 5, concepts.DEMO_SEED) if c.name == row["concept"]
        )
        number = int(Path(row["path"]).stem)
        shot = picture(concept, concept.solid(concepts.DEMO_SEED), number, concepts.DEMO_SEED, 128)
        view = view_of(concept, number, concepts.DEMO_SEED)
        rows_of_mask, columns_of_mask = np.nonzero(shot.mask)
        assert (row["left"], row["top"]) == (columns_of_mask.min(), rows_of_mask.min())
        assert (row["right"], row["bottom"]) == (columns_of_mask.max() + 1, rows_of_mask.max() + 1)
        assert row["concept"] == f"{row['colour']}-{row['pattern']}-{row['shape']}"
        assert (row["colour"], row["accent"], row["pattern"]) == (
            concept.look.colour,
            concept.look.accent,
            concept.look.pattern,
        )
        assert (row["yaw"], row["scale"], row["x"]) == (view.pose.yaw, view.pose.scale, view.pose.x)
        assert (row["background"], row["light"]) == (view.background, view.light)
        with Image.open(shelf.root / row["path"]) as image:
            difference = np.abs(np.asarray(image, dtype=float) - shot.image)
        assert difference.mean() < 8, "more than the JPEG's loss"


@pytest.mark.parametrize("category", KINDS)
def test_concepts_of_a_category_differ_and_a_larger_count_only_appends(category):
    ten, twenty = concepts_of(category, 10, 5), concepts_of(category, 20, 5)
    assert twenty[:10] == ten
    assert len({concept.name for concept in twenty}) == 20


@pytest.mark.parametrize(
    "more",
    [
        pytest.param({"categories": {"mug": 3, "picnic basket": 1}}, id="one more concept"),
        pytest.param({"categories": {"vase": 1, "mug": 2, "picnic basket": 1}}, id="one more category"),
        pytest.param({"views_per_concept": 3}, id="one more view"),
    ],
)
def test_adding_moves_nothing_else(tmp_path, file_digests, more):
    before = write_concept_images(tmp_path / "before", **SMALL)
    after = write_concept_images(tmp_path / "after", **SMALL | more)
    old, new = file_digests(tmp_path / "before"), file_digests(tmp_path / "after")
    assert len(new) > len(old)
    assert {path: new[path] for path in old} == old
    assert after.join(before.select("path"), on="path", how="semi").equals(before)


def test_bytes_depend_on_the_seed_only(tmp_path, file_digests):
    script = (
        "import sys; from pathlib import Path; "
        "from vdata_assets.samples.concepts import write_concept_images; "
        f"write_concept_images(Path(sys.argv[1]), workers=int(sys.argv[2]), **{SMALL!r})"
    )
    trees = []
    for hash_seed, workers in (("0", "1"), ("1", "2")):
        root = tmp_path / hash_seed
        subprocess.run(
            [sys.executable, "-c", script, str(root), workers],
            check=True,
            env=os.environ | {"PYTHONHASHSEED": hash_seed},
        )
        trees.append(file_digests(root) | {GROUND_TRUTH: (root / GROUND_TRUTH).read_text()})
    assert trees[0] == trees[1]
    write_concept_images(tmp_path / "other", **SMALL | {"seed": 4})
    assert not set(file_digests(tmp_path / "other").values()) & set(trees[0].values())


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        pytest.param(
            {"categories": {"teapot": 1}},
            "categories: unknown category 'teapot'; known are "
            "mug, vase, toy robot, cushion, picnic basket, lamp, candle",
            id="unknown category",
        ),
        pytest.param({"categories": 8}, "categories: 8 asked for, 1 to 7 can be made", id="many categories"),
        pytest.param({"categories": 0}, "categories: 0 asked for, 1 to 7 can be made", id="no category"),
        pytest.param(
            {"categories": {"mug": 97}},
            "categories: 97 concepts of 'mug' asked for, no more than 96 can be made",
            id="many concepts",
        ),
        pytest.param(
            {"categories": {"vase": 1, "mug": 0}},
            "categories: 0 concepts of 'mug' asked for, must be at least 1",
            id="no concepts",
        ),
        pytest.param({"views_per_concept": 0}, "views_per_concept: 0, must be at least 1", id="no views"),
        pytest.param({"size": 50}, "size: 50, must be a positive multiple of 4", id="size"),
    ],
)
def test_settings_out_of_range_are_refused_and_nothing_is_written(tmp_path, wrong, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        write_concept_images(tmp_path / "tree", **SMALL | wrong)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_something_in_it_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(FileExistsError) as error:
        write_concept_images(tmp_path, **SMALL)
    assert str(error.value) == f"{tmp_path} is not an empty folder: name another, or remove it first"
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]


def test_a_tree_appears_complete_or_not_at_all(tmp_path, monkeypatch, file_digests):
    root = tmp_path / "tree"
    drawn = []

    def interrupted(*args):
        drawn.append(args)
        if len(drawn) == 3:
            raise KeyboardInterrupt
        return picture(*args)

    monkeypatch.setattr(concepts, "picture", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_concept_images(root, **SMALL, workers=1)
    assert not root.exists()

    monkeypatch.undo()
    truth = write_concept_images(root, **SMALL)
    assert sorted(file_digests(root)) == truth["path"].to_list()
    assert [path.name for path in tmp_path.iterdir()] == ["tree"]
