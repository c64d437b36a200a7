"""The data engine with a service behind the real SDKs, and SAM2: answers, faults, budget, keys, kill -9."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import engine_model
import polars as pl
import pytest
from engine_lab import (
    EVERYTHING,
    definitions,
    failure,
    gemini,
    materialize,
    published,
    table,
    with_key,
)
from model_server import (
    ModelServer,
    broken_off,
    cut_off,
    ended,
    hanging,
    http_error,
    no_json,
    prompt_blocked,
    says,
)
from waiting import wait_for

from vdata_assets.masks.dense import decoded
from vdata_assets.workflows.model_settings import OpenAISettings

TESTS = Path(__file__).resolve().parents[2]


def service(request_fields):
    """Which stage a question belongs to, by the shape of its answer."""
    return next(
        name for name in ("regions", "boxes", "verdict", "choice", "prompts") if name in request_fields
    )


def asked_stages(server):
    return [service(asked.schema["properties"]) for asked in server.requests]


def test_a_service_answers_through_the_real_sdk(lab, boxes):
    lab = with_key(lab)
    with ModelServer(answer=engine_model.answer) as server:
        assert materialize(lab, definitions(boxes, language_model=gemini(server)), *EVERYTHING).success
        paid = len(server.requests)
        assert len({(asked.prompt, str(asked.body)) for asked in server.requests}) == paid, (
            "nothing is asked twice"
        )
    regions = table(lab, "regions", "proposals.parquet", "shard-0000")
    assert regions.select("label", "chosen").unique(maintain_order=True).rows() == [
        ("red box", "initial"),
        ("blue box", "initial"),
        ("green box", None),
    ]
    prompts = table(lab, "prompts", "prompts.parquet", "shard-0000")
    accepted = prompts.filter(pl.col("verdict").cast(pl.String) == "ACCEPT", ~pl.col("negative"))
    assert accepted["prompt"].str.starts_with("Segment the red one").all()
    assert accepted.height == 15
    figures = published(lab, "prompts", "shard-0000").metadata["figures"]
    assert figures["calls"] + published(lab, "regions", "shard-0000").metadata["figures"]["calls"] == paid
    assert figures["input_tokens"] > 0
    assert figures["usd"] == pytest.approx((figures["input_tokens"] + 4 * figures["output_tokens"]) / 1e6)
    samples = (published(lab, "convseg_export").path / "dataset.jsonl").read_text().splitlines()
    assert len(samples) == 15
    assert (published(lab, "images").metadata["pictures"]).keys() == {"table of expected costs"}


def test_an_openai_compatible_server_gives_the_same(lab, boxes):
    lab = with_key(lab)
    with ModelServer(answer=engine_model.answer) as server:
        model = OpenAISettings(model="local", base_url=server.openai_url)
        assert materialize(lab, definitions(boxes, language_model=model), *EVERYTHING).success
    assert len((published(lab, "convseg_export").path / "dataset.jsonl").read_text().splitlines()) == 15


def test_a_batch_job_a_stage_serves_a_whole_shard(lab, boxes):
    lab = with_key(lab)
    with ModelServer(answer=engine_model.answer, batch_s=0.0) as server:
        model = gemini(server, mode="batch", poll_s=0.05)
        assert materialize(lab, definitions(boxes, language_model=model), "images", "regions").success
        assert len(server.jobs) == 3, "captions, boxes, verifications"
        assert all(asked.job for asked in server.requests)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """The smallest SAM 2.1 with random weights, saved as the project publishes its weights."""
    import torch
    from sam2.build_sam import build_sam2

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = build_sam2("configs/sam2.1/sam2.1_hiera_t.yaml", device="cpu")
    path = tmp_path_factory.mktemp("sam2") / "tiny.pt"
    torch.save({"model": model.state_dict()}, path)
    return path


def test_sam2_segments_what_the_service_sees(lab, tmp_path, checkpoint):
    """Random weights make poor masks, but of the picture's size, and one checkpoint serves boxes and all."""
    engine_model.write_boxes(tmp_path / "photo", 1)
    lab = with_key(lab)
    segmenter = {
        "type": "sam2",
        "config": "sam2.1_hiera_t.yaml",
        "checkpoint": str(checkpoint),
        "points_per_side": 2,
        "pred_iou_threshold": 0,
        "stability_threshold": 0,
    }
    with ModelServer(answer=engine_model.answer) as server:
        defs = definitions(tmp_path / "photo", language_model=gemini(server), segmenter=segmenter)
        assert materialize(lab, defs, *EVERYTHING).success
    proposals = table(lab, "regions", "proposals.parquet", "shard-0000")
    accepted = proposals.filter(pl.col("index").is_not_null())
    assert accepted.height > 0
    for rle in accepted["rle"]:
        assert decoded(rle, engine_model.HEIGHT, engine_model.WIDTH).any()


def test_a_missing_checkpoint_is_named_with_its_setting(lab, boxes):
    segmenter = {"type": "sam2", "config": "sam2.1_hiera_t.yaml", "checkpoint": "/nowhere/tiny.pt"}
    defs = definitions(boxes, segmenter=segmenter)
    assert materialize(lab, defs, "images").success
    result = materialize(lab, defs, "regions")
    assert not result.success
    assert "segmenter.checkpoint" in failure(lab, result)
    assert "/nowhere/tiny.pt" in failure(lab, result)


FAULTS = {
    "429 with Retry-After": http_error(429, "slow down", retry_after="0"),
    "500": http_error(500, "oops"),
    "a lost connection": broken_off(),
    "a blocked prompt": prompt_blocked(),
    "a withheld answer": ended("SAFETY"),
    "no JSON": no_json(),
    "truncated JSON": cut_off(),
    "another shape": says({"unexpected": 1}),
    "boxes out of range": says({"boxes": [{"index": 0, "box_2d": [0, 0, 5000, 9000]}]}),
}


@pytest.fixture
def no_waiting(monkeypatch):
    """Retries without their seconds of backoff."""
    import vdata_resources.language.asking as asking

    original = asking.Questioner.__init__

    def patched(self, *args, **kwargs):
        original(self, *args, **kwargs, wait=lambda state: 0.0)

    monkeypatch.setattr(asking.Questioner, "__init__", patched)


@pytest.mark.usefixtures("no_waiting")
def test_whatever_goes_wrong_once_is_recovered_from(lab, boxes):
    lab = with_key(lab)
    faults = dict(enumerate(FAULTS.values()))
    with ModelServer(answer=engine_model.answer, faults=lambda asked: faults.get(asked.number)) as server:
        defs = definitions(boxes, language_model=gemini(server, timeout_s=20))
        assert materialize(lab, defs, *EVERYTHING).success
    said = [
        entry.user_message for run in lab.instance.get_runs() for entry in lab.instance.all_logs(run.run_id)
    ]
    assert sum("asked again in" in line for line in said) == len(FAULTS)
    assert any("requests that failed, those that a retry made good included: " in line for line in said)
    assert table(lab, "regions", "errors.parquet", "shard-0000").is_empty()
    assert len((published(lab, "convseg_export").path / "dataset.jsonl").read_text().splitlines()) == 15


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        pytest.param(http_error(429), "quota", id="quota"),
        pytest.param(http_error(500), "server", id="server"),
        pytest.param(hanging(30), "timeout", id="timeout"),
        pytest.param(prompt_blocked(), "blocked", id="blocked"),
        pytest.param(no_json(), "server", id="a proxy's page"),
        pytest.param(says("I see two boxes."), "unparsable", id="unparsable"),
        pytest.param(FAULTS["boxes out of range"], "unparsable", id="boxes out of range"),
        pytest.param(http_error(400, "too large"), "refused", id="refused"),
    ],
)
@pytest.mark.usefixtures("no_waiting")
def test_what_goes_wrong_for_good_is_recorded_and_mended_by_the_next_run(lab, boxes, fault, kind):
    """The boxes of one picture have no answer: it has no regions, the others go on, and it is asked again."""
    lab = with_key(lab)
    dark = lambda asked: "boxes" in asked.schema["properties"] and asked.images[0][-1, -1, 0] < 98  # noqa: E731
    with ModelServer(
        answer=engine_model.answer, faults=lambda asked: fault if dark(asked) else None
    ) as server:
        model = gemini(server, timeout_s=3 if kind == "timeout" else 20, attempts=2)
        defs = definitions(boxes, language_model=model, regions={"max_error_share": 0.5})
        assert materialize(lab, defs, "images", "regions").success
        errors = table(lab, "regions", "errors.parquet", "shard-0000")
        assert errors.select("run", "stage", "kind").rows() == [
            ("out_region_refine_boxes 0", "region_boxes", kind)
        ]
        assert table(lab, "regions", "pictures.parquet", "shard-0000")["regions"].to_list() == [0, 2, 2]
        server.faults = None
        before = len(server.answered)
        assert materialize(lab, defs, "regions").success
        assert asked_stages(server)[-3:].count("verdict") == 2
        assert len(server.answered) == before + 3, "one question for boxes, two for the masks"
    assert table(lab, "regions", "errors.parquet", "shard-0000").is_empty()


@pytest.mark.usefixtures("no_waiting")
def test_too_many_errors_publish_nothing(lab, boxes):
    lab = with_key(lab)
    with ModelServer(answer=engine_model.answer, faults=lambda asked: http_error(503)) as server:
        defs = definitions(boxes, language_model=gemini(server, attempts=1))
        assert materialize(lab, defs, "images").success
        result = materialize(lab, defs, "regions")
    assert not result.success
    assert published(lab, "regions", "shard-0000") is None
    assert ("service_errors", "shard-0000", False, "ERROR") in lab.verdicts(result)


def test_without_a_key_nothing_starts_and_the_variable_is_named(lab, boxes):
    with ModelServer() as server:
        defs = definitions(boxes, language_model=gemini(server))
        assert materialize(lab, defs, "images").success
        result = materialize(lab, defs, "regions")
        assert not result.success
        assert "GOOGLE_API_KEY" in failure(lab, result)
        assert server.requests == []


def test_the_budget_stops_between_requests_and_what_was_paid_is_kept(lab, boxes):
    lab = with_key(lab)
    with ModelServer(answer=engine_model.answer) as server:
        defs = definitions(boxes, language_model=gemini(server, max_cost_usd=0.01, concurrency=1))
        assert materialize(lab, defs, "images").success
        result = materialize(lab, defs, "regions")
        assert not result.success
        assert "max_cost_usd" in failure(lab, result)
        spent = len(server.requests)
        assert 0 < spent < 12
        enough = definitions(boxes, language_model=gemini(server, max_cost_usd=10, concurrency=1))
        assert materialize(lab, enough, "regions").success
        assert len({str(asked.body) for asked in server.requests}) == len(server.requests), (
            "none is paid twice"
        )


def test_the_key_is_in_no_file_log_or_metadata(lab, boxes, caplog):
    lab = with_key(lab)
    caplog.set_level("DEBUG")
    with ModelServer(answer=engine_model.answer, faults={1: http_error(400, "bad")}) as server:
        defs = definitions(boxes, language_model=gemini(server))
        materialize(lab, defs, *EVERYTHING)
        assert any(engine_model.KEY in asked.headers.values() for asked in server.requests)
    secret = engine_model.KEY.encode()
    for file in lab.home.rglob("*"):
        assert file.is_dir() or secret not in file.read_bytes(), file
    for run in lab.instance.get_runs():
        events = "\n".join(str(entry) for entry in lab.instance.all_logs(run.run_id))
        assert engine_model.KEY not in events
    assert engine_model.KEY not in caplog.text


CHILD = """
import sys
sys.path[:0] = [{tests!r}, {here!r}]
import dagster as dg
from pathlib import Path
from engine_lab import NAME, definitions, key
from vdata_assets.workflows.model_settings import GeminiSettings
from vdata_assets.workflows.resources import CredentialsResource, StoreResource
model = GeminiSettings(model="gemini-test", base_url={url!r}, concurrency=4)
defs = dg.Definitions.merge(definitions({root!r}, language_model=model), dg.Definitions(resources={{
    "store": StoreResource(home={home!r}), "credentials": CredentialsResource(google_api_key={key!r}),
}}))
job = defs.resolve_implicit_global_asset_job_def()
with dg.DagsterInstance.ephemeral() as instance:
    instance.add_dynamic_partitions(NAME + "/shard", ["shard-0000"])
    steps = [key("regions"), key("prompts")]
    job.execute_in_process(asset_selection=steps, partition_key="shard-0000", instance=instance)
"""


def test_a_run_that_is_killed_half_way_pays_for_nothing_twice(lab, boxes):
    lab = with_key(lab)
    with ModelServer(answer=engine_model.answer, latency_s=0.1) as server:
        defs = definitions(boxes, language_model=gemini(server, concurrency=4))
        assert materialize(lab, defs, "images").success
        program = CHILD.format(
            tests=str(TESTS),
            here=str(Path(__file__).parent),
            url=server.url,
            root=str(boxes),
            home=str(lab.home),
            key=engine_model.KEY,
        )
        child = subprocess.Popen(
            [sys.executable, "-c", program], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        half_way = lambda: len(server.answered) >= 30 or child.poll() is not None  # noqa: E731
        wait_for(half_way, "half of the answers", pause=0.02)
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        assert published(lab, "prompts", "shard-0000") is None
        time.sleep(0.5)
        lost = len(server.requests) - _answers(lab)
        assert len(server.requests) >= 30
        assert lost <= 4, "only what was under way"
        assert materialize(lab, defs, "regions", "prompts").success
        again = len(server.requests) - len({str(asked.body) for asked in server.requests})
        assert again <= lost, "asked again is only what had not come back"


def _answers(lab):
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(lab.home / "answers.sqlite")) as connection:
        return connection.execute("SELECT count(*) FROM answers").fetchone()[0]
