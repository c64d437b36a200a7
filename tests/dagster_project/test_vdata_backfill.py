"""`vdata backfill`: what it makes and in which order, what it says, and its exit status."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster._core.storage.tags import ASSET_PARTITION_RANGE_START_TAG
from waiting import PATIENCE_SECONDS, wait_for

from dagster_project.backfill import WrongRequest, stages, target

PROJECT = Path(__file__).parents[2]

# A code location of two datasets; numbers that are odd are rejected, and 13 never ends.
LOCATION = '''
import time
from functools import partial
from pathlib import Path

import dagster as dg

from vdata_assets.quality.findings import Check, Status
from vdata_assets.workflows.dataset import Dataset
from vdata_assets.workflows.publish import published_asset
from vdata_assets.workflows.recipe import Built, Recipe
from vdata_assets.workflows.resources import CredentialsResource, StoreResource, vdata_home

HERE = Path(__file__).parent
asset = partial(published_asset, kinds=set())
EVEN = Check("even", "Is the number even?", Status.FAILED)


def datasets(name):
    dataset = Dataset(name, HERE, one_run=False)
    numbers = HERE / name

    def listed(step, version):
        keys = numbers.read_text().split()
        step.context.instance.add_dynamic_partitions(dataset.partitions_name, keys)

    def catalog(step, out):
        """All numbers."""
        return Built([])

    def number(step, out, value):
        """One number."""
        while value == 13:
            time.sleep(0.1)
        return Built([EVEN.finding(f"{value} is odd", [str(value)] if value % 2 else [])])

    def total(step, out, values):
        """Their sum."""
        (out / "total.txt").write_text(str(sum(values)))
        return Built([])

    known = lambda step: {}
    own = lambda step: {"value": int(step.key)}
    every = lambda step: {
        "values": [int(key) for key in step.context.instance.get_dynamic_partitions(dataset.partitions_name)]
    }
    return [
        asset(dataset, "catalog", Recipe(known, catalog, None, "1", (), announce=listed), deps=[]),
        asset(dataset, "number", Recipe(own, number, None, "1", (EVEN,)), deps=["catalog"], partitioned=True),
        asset(dataset, "total", Recipe(every, total, None, "1", ()), deps=["number"]),
    ]


defs = dg.Definitions(
    assets=[*datasets("sums"), *datasets("others")],
    resources={"store": StoreResource(home=vdata_home(HERE)), "credentials": CredentialsResource()},
    executor=dg.in_process_executor,
)
'''


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A workspace, an instance's folder and a store's."""
    folder = tmp_path_factory.mktemp("place")
    (folder / "location.py").write_text(LOCATION)
    (folder / "workspace.yaml").write_text("load_from:\n  - python_file: location.py\n")
    (folder / "dagster").mkdir()
    settings = yaml.safe_load((PROJECT / "dagster_project" / "instance" / "dagster.yaml").read_text())
    (folder / "dagster" / "dagster.yaml").write_text(yaml.safe_dump(settings))
    return folder


def started(place, *arguments, dagster_home="dagster") -> subprocess.Popen:
    environment = {**os.environ, "VDATA_HOME": str(place / "home"), "PYTHONPATH": str(PROJECT)}
    environment.pop("DAGSTER_HOME", None)
    if dagster_home:
        environment["DAGSTER_HOME"] = str(place / dagster_home)
    command = [sys.executable, "-m", "dagster_project.command_line", *arguments]
    return subprocess.Popen(
        command, cwd=place, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def finished(process: subprocess.Popen) -> tuple[int, str, str]:
    try:
        out, err = process.communicate(timeout=PATIENCE_SECONDS)
    finally:
        process.kill()
    return process.returncode, out, err


def numbers(place, dataset, *values) -> None:
    (place / dataset).write_text(" ".join(map(str, values)))


def test_everything_is_published_and_the_status_is_0(place):
    numbers(place, "sums", 2, 4, 6)
    status, out, err = finished(started(place, "backfill", "sums", "--json"))
    assert status == 0, out + err
    assert "no daemon is at work on the instance: this process makes the runs" in out
    assert "backfill: 4/4 asset partitions (100.0%)" in out
    assert "  checks: 3 passed" in out
    told = json.loads(out.splitlines()[-1])
    assert told["status"] == "COMPLETED_SUCCESS"
    assert told["published"] == {"sums/number": 3, "sums/total": 1}
    total = place / "home" / "sums" / "total" / "current" / "total.txt"
    assert total.read_text() == "12"


def test_a_rejected_partition_holds_up_what_depends_on_it_and_the_status_is_1(place):
    numbers(place, "others", 2, 3, 4)
    status, out, err = finished(started(place, "backfill", "others", "--json"))
    assert status == 1, out + err
    told = json.loads(out.splitlines()[-1])
    assert told["published"] == {"others/number": 2, "others/total": 0}
    assert told["not_published"] == {"others/number": 1, "others/total": 1}
    assert "1 of 1 not published" in out
    assert "3 rejected: 3 is odd" in out
    assert "  checks: 1 error, 2 passed" in out
    assert not (place / "home" / "others" / "total" / "current").exists()

    status, out, err = finished(started(place, "backfill", "others", "--asset", "number", "--partition", "4"))
    assert status == 0, out + err
    assert "1 published" in out


def test_an_interrupt_cancels_the_runs_and_the_status_is_130(place):
    numbers(place, "others", 2, 4, 13)
    process = started(place, "backfill", "others", "--asset", "number", "--partition", "13")
    # The partition is not registered before its catalog is made.
    status, out, err = finished(process)
    assert status == 2
    assert "vdata: no partition 13; registered are others/category: 2, 3, 4" in err

    process = started(place, "backfill", "others")
    with dg.DagsterInstance.from_config(str(place / "dagster")) as instance:
        running = dg.RunsFilter(
            statuses=[dg.DagsterRunStatus.STARTED], tags={ASSET_PARTITION_RANGE_START_TAG: "13"}
        )
        wait_for(lambda: instance.get_runs(running), "the run that never ends")
        process.send_signal(signal.SIGINT)
        status, out, err = finished(process)
        assert status == 130, out + err
        assert "interrupted: cancelling backfill" in out
        assert not instance.get_runs(running)


@pytest.mark.parametrize(
    ("arguments", "home", "message"),
    [
        (["backfill", "nothing"], "dagster", "vdata: no dataset 'nothing'; there are others, sums"),
        (
            ["backfill", "sums", "--asset", "product"],
            "dagster",
            "vdata: sums has no asset product; it has catalog, number, total",
        ),
        (["backfill", "sums"], None, "vdata: DAGSTER_HOME is not set"),
        (["backfill", "sums", "--workspace", "w.yaml"], "dagster", "vdata: --workspace: no file w.yaml"),
        (["backfill", "sums", "--config", "c.yaml"], "dagster", "vdata: --config: c.yaml: [Errno 2]"),
    ],
    ids=["dataset", "asset", "instance", "workspace", "config"],
)
def test_a_wrong_request_says_what_there_is_and_the_status_is_2(place, arguments, home, message):
    status, out, err = finished(started(place, *arguments, dagster_home=home))
    assert status == 2, out + err
    assert message in err


def asset(key: str, deps=(), partitions=None, group=None) -> dg.AssetsDefinition:
    @dg.asset(
        key=key.split("/"),
        deps=[dep.split("/") for dep in deps],
        partitions_def=partitions,
        group_name=group or key.split("/")[0],
    )
    def made() -> None: ...

    return made


SHARDS, CATEGORIES = (dg.DynamicPartitionsDefinition(name=f"shop/{what}") for what in ("shard", "category"))
GRAPH = dg.Definitions(
    assets=[
        asset("shop/products"),
        asset("shop/vectors", ["shop/products"], SHARDS),
        asset("shop/splits", ["shop/products"]),
        asset("shop/catalog", ["shop/vectors"]),
        asset("shop/negatives", ["shop/catalog", "shop/splits"], CATEGORIES),
        asset("shop/board", ["shop/negatives"]),
        asset("shop/notes"),
        asset("cats/catalog"),
        asset("shop/full_audit", group="upkeep"),
    ]
).resolve_asset_graph()


def names(keys) -> set[str]:
    return {key.path[-1] for key in keys}


@pytest.mark.parametrize(
    ("assets", "first", "rest"),
    [
        ([], {"products", "splits"}, {"vectors", "catalog", "negatives", "board", "notes"}),
        (["splits", "board"], {"splits"}, {"board"}),
        (["vectors"], set(), {"vectors"}),
    ],
)
def test_what_finds_the_partitions_comes_first(assets, first, rest):
    found = stages(GRAPH, "shop", assets)
    assert (names(found.first), names(found.rest)) == (first, rest)


def test_each_asset_has_the_partitions_of_its_own_dimension():
    with dg.instance_for_test() as instance:
        instance.add_dynamic_partitions("shop/shard", ["s0", "s1"])
        instance.add_dynamic_partitions("shop/category", ["bags"])
        subset = target(GRAPH, stages(GRAPH, "shop").rest, instance)
        assert {(one.asset_key.path[-1], one.partition_key) for one in subset.iterate_asset_partitions()} == {
            ("vectors", "s0"),
            ("vectors", "s1"),
            ("negatives", "bags"),
            ("catalog", None),
            ("board", None),
            ("notes", None),
        }


def test_without_any_partition_there_is_nothing_to_backfill():
    with (
        dg.instance_for_test() as instance,
        pytest.raises(
            WrongRequest, match="no partition is registered: shop/category: none; shop/shard: none"
        ),
    ):
        target(GRAPH, stages(GRAPH, "shop").rest, instance)
