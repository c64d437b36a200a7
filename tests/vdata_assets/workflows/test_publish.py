"""Write, audit, publish: what Dagster and the store say after good, bad, missing and broken partitions."""

import json
from pathlib import Path

import dagster as dg
import pytest

from vdata_assets.quality.findings import Check, Status
from vdata_assets.workflows.dataset import Dataset
from vdata_assets.workflows.publish import published_asset
from vdata_assets.workflows.recipe import Built, Recipe

KEY = dg.AssetKey(["pets", "numbers"])
EVEN = Check("all_even", "Is every number even?", Status.FAILED)
SMALL = Check("all_small", "Is every number below 100?", Status.WARNING)
KEYS = ["a", "b", "c"]


class Numbers:
    """An asset that publishes a file of numbers per partition; the numbers can be changed between runs."""

    def __init__(self, numbers: dict[str | None, list[int]], one_run: bool = True, levels=None):
        self.numbers = numbers
        self.built: list[str | None] = []
        self.dataset = Dataset("pets", Path("/nowhere"), levels=levels or {}, one_run=one_run)

    def definitions(self, partitioned: bool = True) -> dg.Definitions:
        def inputs(step):
            return {"numbers": self.numbers[step.partition]}

        def build(step, out, numbers):
            """Numbers."""
            self.built.append(step.partition)
            if numbers == [13]:
                raise ZeroDivisionError("a bug")
            (out / "numbers.json").write_text(json.dumps(numbers))
            odd = [str(n) for n in numbers if n % 2]
            large = [str(n) for n in numbers if n >= 100]
            return Built(
                [EVEN.finding(f"{len(odd)} are odd", odd), SMALL.finding(f"{len(large)} are large", large)],
                figures={"sum": sum(numbers)},
            )

        recipe = Recipe(inputs, build, None, "1", (EVEN, SMALL))
        return dg.Definitions(
            assets=[
                published_asset(
                    self.dataset, "numbers", recipe, deps=[], kinds={"json"}, partitioned=partitioned
                )
            ]
        )

    def current(self, lab, partition: str | None) -> list[int] | None:
        version = lab.store.artifact("pets", "numbers", partition).current()
        return json.loads(version.file("numbers.json").read_text()) if version else None


def materialized(lab) -> set[str]:
    return lab.instance.get_materialized_partitions(KEY)


@pytest.fixture
def lab(lab):
    lab.instance.add_dynamic_partitions("pets/category", KEYS)
    return lab


def in_one_run(lab, numbers):
    return [lab.run(numbers.definitions(), KEY, span=("a", "c"))]


def one_run_each(lab, numbers):
    return [lab.run(numbers.definitions(), KEY, partition=key) for key in KEYS]


BOTH_WAYS = pytest.mark.parametrize("backfill", [in_one_run, one_run_each])


@BOTH_WAYS
def test_sound_partitions_are_published_with_their_verdicts(lab, backfill):
    numbers = Numbers({"a": [2], "b": [4, 200], "c": []})
    runs = backfill(lab, numbers)
    assert all(run.success for run in runs)
    assert materialized(lab) == {"a", "b", "c"}
    assert [numbers.current(lab, key) for key in KEYS] == [[2], [4, 200], []]
    assert set().union(*map(lab.verdicts, runs)) == {
        *(("all_even", key, True, "WARN") for key in KEYS),
        ("all_small", "a", True, "WARN"),
        ("all_small", "b", False, "WARN"),
        ("all_small", "c", True, "WARN"),
    }


@BOTH_WAYS
def test_a_rejected_partition_is_not_materialized_and_its_old_version_stands(lab, backfill):
    numbers = Numbers({"a": [2], "b": [4], "c": [6]})
    backfill(lab, numbers)
    lab.instance.wipe_assets([KEY])
    numbers.numbers = {"a": [8], "b": [5], "c": [10]}
    runs = backfill(lab, numbers)
    assert [run.success for run in runs].count(False) == 1
    assert materialized(lab) == {"a", "c"}
    assert [numbers.current(lab, key) for key in KEYS] == [[8], [4], [10]]
    assert ("all_even", "b", False, "ERROR") in set().union(*map(lab.verdicts, runs))
    (rejected,) = (lab.home / "pets/numbers/b/rejected").iterdir()
    assert json.loads((rejected / "report.json").read_text())["findings"][0] == {
        "name": "all_even", "status": "FAILED", "message": "1 are odd", "offenders": ["5"],
        "counts": {"offenders": 1},
    }  # fmt: skip
    assert json.loads((rejected / "numbers.json").read_text()) == [5]


@BOTH_WAYS
def test_verdicts_and_versions_are_the_same_both_ways(make_lab, backfill):
    states = []
    for way in (backfill, in_one_run):
        lab = make_lab()
        lab.instance.add_dynamic_partitions("pets/category", KEYS)
        numbers = Numbers({"a": [2], "b": [3], "c": [400]})
        runs = way(lab, numbers)
        files = {path.relative_to(lab.home): path.read_bytes() for path in lab.home.rglob("*.json")}
        states.append((materialized(lab), set().union(*map(lab.verdicts, runs)), files))
    assert states[0] == states[1]


def test_the_same_inputs_do_no_work_and_say_so(lab):
    numbers = Numbers({"a": [2], "b": [4], "c": [600]})
    first, second = in_one_run(lab, numbers)[0], in_one_run(lab, numbers)[0]
    assert numbers.built == KEYS
    reused = [m.metadata["reused"].value for m in second.asset_materializations_for_node("pets__numbers")]
    assert reused == [True, True, True]
    assert lab.verdicts(first) == lab.verdicts(second)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda numbers: numbers.numbers.update(b=[6]), id="another input"),
        pytest.param(
            lambda numbers: setattr(
                numbers, "dataset", Numbers({}, levels={"all_small": Status.FAILED}).dataset
            ),
            id="a stricter level",
        ),
    ],
)
def test_only_what_changed_is_built_again(lab, change):
    numbers = Numbers({"a": [2], "b": [4], "c": [6]})
    in_one_run(lab, numbers)
    numbers.built.clear()
    change(numbers)
    in_one_run(lab, numbers)
    assert "b" in numbers.built
    assert numbers.built in (["b"], KEYS)


def test_levels_decide_what_fails(lab):
    numbers = Numbers(
        {"a": [3], "b": [400], "c": [6]}, levels={"all_even": Status.WARNING, "all_small": Status.FAILED}
    )
    in_one_run(lab, numbers)
    assert materialized(lab) == {"a", "c"}


def test_a_bug_propagates_and_loses_nothing(lab):
    numbers = Numbers({"a": [2], "b": [13], "c": [6]})
    (run,) = in_one_run(lab, numbers)
    assert "ZeroDivisionError" in str(run.get_step_failure_events())
    assert materialized(lab) == {"a"}
    assert numbers.current(lab, "a") == [2]
    assert numbers.current(lab, "b") is None


def test_an_unpartitioned_asset_is_published_or_rejected(lab):
    numbers = Numbers({None: [2]})
    definitions = numbers.definitions(partitioned=False)
    assert lab.run(definitions, KEY).success
    numbers.numbers = {None: [3]}
    run = lab.run(definitions, KEY)
    assert not run.success
    assert (
        "1 of 1 not published, what was published before still stands. pets/numbers rejected: 1 are odd"
        in str(run.get_step_failure_events())
    )
    assert numbers.current(lab, None) == [2]
    assert ("all_even", None, False, "ERROR") in lab.verdicts(run)


def test_findings_must_answer_the_declared_checks(lab):
    recipe = Recipe(lambda step: {}, lambda step, out: Built([]), None, "1", (EVEN,))
    asset = published_asset(Dataset("pets", Path("/")), "numbers", recipe, deps=[], kinds=set())
    run = lab.run(dg.Definitions(assets=[asset]), KEY)
    assert "findings [] do not answer the declared checks ['all_even']" in str(run.get_step_failure_events())


def test_a_missing_upstream_blocks_its_partition_and_no_other(lab):
    numbers = Numbers({"a": [2], "b": [4], "c": [6]})

    def inputs(step):
        return {"numbers": step.upstream("numbers", step.partition)}

    def build(step, out, numbers):
        (out / "copy").write_bytes(numbers.file("numbers.json").read_bytes())
        return Built([])

    copy = published_asset(
        numbers.dataset,
        "copy",
        Recipe(inputs, build, None, "1", ()),
        deps=["numbers"],
        kinds=set(),
        partitioned=True,
    )
    definitions = dg.Definitions.merge(numbers.definitions(), dg.Definitions(assets=[copy]))
    lab.run(definitions, KEY, partition="a")
    lab.run(definitions, KEY, partition="c")
    run = lab.run(definitions, dg.AssetKey(["pets", "copy"]), span=("a", "c"))
    assert "b blocked: pets/numbers, partition b, is not published: materialize it first" in str(
        run.get_step_failure_events()
    )
    assert lab.instance.get_materialized_partitions(dg.AssetKey(["pets", "copy"])) == {"a", "c"}


def test_a_picture_never_hides_a_figure():
    with pytest.raises(ValueError, match=r"^figures and pictures share the names \['queries'\]"):
        Built([], figures={"queries": 3}, pictures={"queries": "![](data:)"})
