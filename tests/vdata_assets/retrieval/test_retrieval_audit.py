"""Audits of retrieval rows: each finds its own fault, in all rows, from the data."""

import polars as pl
import pytest
from mining_reference import random_category

from vdata_assets.quality.findings import Status
from vdata_assets.retrieval import audit, checks
from vdata_assets.retrieval.combine import Part, combine
from vdata_assets.retrieval.mine import mine
from vdata_assets.retrieval.settings import CombineSettings, MiningSettings, NearDuplicates

SETTINGS = MiningSettings()
IMAGES = random_category(1, [4, 4, 4, 4], dim=16)
ROWS = mine(IMAGES, SETTINGS).rows
FIRST = "cats/c0/00.jpg"
OWN = "id:cats/c0/03.jpg"


def changed(**values):
    """The rows with values of the first one set."""
    rows = ROWS.to_dicts()
    rows[0].update(values)
    return pl.DataFrame(rows, schema=ROWS.schema)


def first_ids(**slots):
    """The first row's ids, with the positive or the first distractor replaced."""
    row = ROWS.row(0, named=True)
    ids = list(row["ret_ids"])
    distractor = row["ranks"].index(1)
    for name, value in slots.items():
        ids[row["label"] if name == "positive" else distractor] = value
    return ids


def test_mined_rows_pass_every_check():
    findings = audit.audit_retrieval(ROWS, IMAGES, SETTINGS)
    assert [finding.name for finding in findings] == [check.name for check in checks.RETRIEVAL_CHECKS]
    assert {finding.status for finding in findings} == {Status.PASSED}
    assert findings[0].message == "0 of 16 rows do not offer 3 different images"
    assert findings[4].message == "0 of 16 images (0.0%) have no row as a query"


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        pytest.param("rows_complete", changed(ret_ids=first_ids()[:2]), id="a slot too few"),
        pytest.param("rows_complete", changed(ret_paths=["a", "a", "b"]), id="a path twice"),
        pytest.param("rows_complete", changed(ret_ids=[None, "a", "b"]), id="a null in a list"),
        pytest.param("rows_complete", changed(ret_paths=None), id="a null list"),
        pytest.param("rows_complete", changed(label=None), id="a null label"),
        pytest.param("labels_valid", changed(label=3), id="no such slot"),
        pytest.param("labels_valid", changed(label=None), id="no label"),
        pytest.param("labels_valid", changed(label=(ROWS["label"][0] + 1) % 3), id="another concept"),
        pytest.param("labels_valid", changed(ret_ids=first_ids(positive=f"id:{FIRST}")), id="the query"),
        pytest.param("labels_valid", changed(ret_ids=first_ids(positive="id:gone")), id="unknown image"),
        pytest.param("negatives_foreign", changed(ret_ids=first_ids(distractor=OWN)), id="own concept"),
        pytest.param("negatives_foreign", changed(ret_ids=first_ids(distractor="id:gone")), id="unknown"),
    ],
)
def test_a_fault_in_one_row_fails_its_check(name, rows):
    findings = {finding.name: finding for finding in audit.audit_retrieval(rows, IMAGES, SETTINGS)}
    assert findings[name].status is Status.FAILED
    assert findings[name].offenders[0] == FIRST


@pytest.mark.parametrize("of", ["query", "positive"])
@pytest.mark.parametrize(
    ("limits", "status"),
    [
        pytest.param({"near_duplicate_cosine": None}, Status.FAILED, id="hash"),
        pytest.param({"near_duplicate_hamming": None}, Status.FAILED, id="cosine"),
        pytest.param(
            {"near_duplicate_hamming": None, "near_duplicate_cosine": None}, Status.PASSED, id="off"
        ),
    ],
)
def test_a_copy_as_distractor_fails(of, limits, status):
    row = ROWS.row(0, named=True)
    original = row["query_id"] if of == "query" else row["ret_ids"][row["label"]]
    copied = row["ret_ids"][row["ranks"].index(1)]
    source = IMAGES.filter(image_id=original)
    copy = IMAGES.filter(image_id=copied).with_columns(phash=source["phash"], vector=source["vector"])
    images = pl.concat([IMAGES.filter(pl.col("image_id") != copied), copy])
    finding = audit.negatives_not_near_duplicates(ROWS, images, NearDuplicates(**limits))
    assert finding.status is status
    assert (FIRST in finding.offenders) == (status is Status.FAILED)


def test_images_without_a_hash_do_not_disturb():
    images = IMAGES.with_columns(phash=pl.when(pl.col("concept") != "c1").then("phash")).drop("vector")
    finding = audit.negatives_not_near_duplicates(ROWS, images, NearDuplicates())
    assert finding.status is Status.PASSED


def test_no_rows_pass_all_but_coverage():
    findings = audit.audit_retrieval(ROWS.clear(), IMAGES, SETTINGS)
    assert [finding.status for finding in findings] == [Status.PASSED] * 4 + [Status.WARNING]


@pytest.mark.parametrize(
    ("sizes", "settings", "message"),
    [
        pytest.param(
            [2, 2, 1],
            {},
            "1 of 5 images (20.0%) have no row as a query; 1 concept_has_one_image: add a second view of the "
            "concept",
            id="one image",
        ),
        pytest.param(
            [2, 2],
            {},
            "4 of 4 images (100.0%) have no row as a query; 4 category_has_fewer_concepts_than_top_k: lower "
            "top_k or add concepts to the category",
            id="two concepts",
        ),
        pytest.param(
            [2, 2, 2],
            {"max_score": -1.0},
            "6 of 6 images (100.0%) have no row as a query; 6 guards_left_too_few_distractors: raise "
            "candidate_concepts, or loosen max_score, absolute_margin, relative_margin, "
            "near_duplicate_hamming or near_duplicate_cosine",
            id="guards",
        ),
    ],
)
def test_queries_without_a_row_are_named_with_the_remedy(sizes, settings, message):
    images, settings = random_category(2, sizes, dim=16), MiningSettings(**settings)
    mined = mine(images, settings)
    finding = audit.queries_covered(mined.rows, images, settings.top_k)
    assert (finding.status, finding.message) == (Status.WARNING, message)
    assert {name: finding.counts[name] for name in mined.skipped} == mined.skipped


@pytest.fixture
def parts(tmp_path):
    made = []
    for name, sizes in {"cats": [4, 4, 4, 4], "dogs": [3, 3, 3], "lone": [2]}.items():
        path = tmp_path / f"{name}.parquet"
        mine(random_category(len(name), sizes, dim=16, name=name), SETTINGS).rows.write_parquet(path)
        made.append(Part(name, name, path))
    return made


def all_images():
    sizes = {"cats": [4, 4, 4, 4], "dogs": [3, 3, 3], "lone": [2]}
    return pl.concat(
        random_category(len(name), each, dim=16, name=name).drop("vector") for name, each in sizes.items()
    )


@pytest.mark.parametrize(
    ("settings", "missing", "warned"),
    [
        pytest.param({}, {}, {"categories_present"}, id="all"),
        pytest.param({"cross_category_prob": 1.0}, {}, {"categories_present"}, id="all replaced"),
        pytest.param({"num_samples": 5}, {}, {"categories_present"}, id="a sample"),
        pytest.param(
            {"num_samples": 500}, {}, {"categories_present", "samples_sufficient"}, id="too large a sample"
        ),
    ],
)
def test_combined_rows(parts, settings, missing, warned):
    settings = CombineSettings(**settings)
    rows = pl.concat(combine(parts, settings))
    findings = audit.audit_combined(rows, all_images(), parts, missing, settings, 3)
    assert [finding.name for finding in findings] == [check.name for check in checks.COMBINED_CHECKS]
    assert {finding.name for finding in findings if finding.status is not Status.PASSED} == warned


def test_missing_categories_are_named_with_their_reasons(parts):
    finding = audit.categories_present(parts, {"birds": "rejected: labels_valid"})
    assert finding.message == (
        "2 of 4 categories give no rows; birds: rejected: labels_valid; lone: none of its images has a row"
    )
    assert finding.offenders == ("birds", "lone")


def test_no_combined_rows_fail(parts):
    finding = audit.combined_not_empty(pl.concat(combine([], CombineSettings())))
    assert (finding.status, finding.message) == (Status.FAILED, "0 rows of 0 categories")


def test_too_few_samples_are_told():
    finding = audit.samples_sufficient(ROWS, 100)
    assert finding.message == "16 of num_samples=100 rows, all that there are"
    assert finding.offenders == ("num_samples=100",)


def test_rows_left_alone_are_told(parts):
    rows = pl.concat(combine(parts[:1], CombineSettings(cross_category_prob=1.0)))
    finding = audit.cross_category_available(rows)
    assert finding.status is Status.WARNING
    assert finding.counts == {"offenders": 16, "replaced": 0}
