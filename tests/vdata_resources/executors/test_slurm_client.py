"""Slurm's commands as functions: what they are asked, and what their answers mean."""

import json
import os
import sys
import time
from pathlib import Path

import pytest

from vdata_resources.executors import slurm_client as slurm
from vdata_resources.executors.slurm_queue import Queue

RUN = "0b5d5a34-5bb9-4d10-8f4f-3b1f6d9b1c11"
SEPARATOR = "\x1f"

FAKE = """\
#!{python}
import json, os, sys
said = json.loads(open(os.environ["FAKE_SLURM"]).read())[os.path.basename(sys.argv[0])]
call = {{"argv": sys.argv[1:], "stdin": sys.stdin.read(), "env": dict(os.environ)}}
open(os.environ["FAKE_SLURM"] + ".calls", "a").write(json.dumps(call) + "\\n")
sys.stdout.write(said.get("out", ""))
sys.stderr.write(said.get("err", ""))
sys.exit(said.get("code", 0))
"""


@pytest.fixture
def answers(tmp_path, monkeypatch):
    """Puts commands on PATH that answer what a test says; gives the function that reads their calls."""
    commands = tmp_path / "bin"
    commands.mkdir()
    for name in ("sbatch", "squeue", "sacct", "scancel", "scontrol"):
        (commands / name).write_text(FAKE.format(python=sys.executable))
        (commands / name).chmod(0o755)
    script = tmp_path / "answers.json"
    monkeypatch.setenv("PATH", str(commands))
    monkeypatch.setenv("FAKE_SLURM", str(script))

    def answer(**said):
        script.write_text(json.dumps(said))
        return lambda: [json.loads(line) for line in Path(f"{script}.calls").read_text().splitlines()]

    return answer


def submit(tmp_path, **changes):
    wanted = {
        "name": "vdata-x",
        "comment": "vdata instance a",
        "log": tmp_path / "100%" / "a b.log",
        "options": ["--gres=gpu:1", "--constraint=a b; rm -rf /"],
        "environment": {**os.environ, "KEY": "secret", "SLURM_JOB_ID": "7", "SLURM_CONF": "/etc/s.conf"},
    }
    return slurm.submit("python -m step", **{**wanted, **changes})


def test_submission(answers, tmp_path, monkeypatch):
    """No shell reads an option, secrets go by the environment, and Slurm never runs a step twice."""
    monkeypatch.chdir(tmp_path)
    calls = answers(sbatch={"out": "42;cluster\n"})
    assert submit(tmp_path) == "42"
    (call,) = calls()
    assert call["argv"] == [
        "--parsable", "--export=ALL", "--no-requeue", "--nodes=1", "--ntasks=1", "--job-name=vdata-x",
        "--comment=vdata instance a", f"--output={tmp_path}/100%%/a b.log", f"--chdir={tmp_path}",
        "--gres=gpu:1", "--constraint=a b; rm -rf /",
    ]  # fmt: skip
    assert call["stdin"] == "#!/bin/sh\nexec python -m step\n"
    assert call["env"]["KEY"] == "secret"
    assert call["env"]["SLURM_CONF"] == "/etc/s.conf"
    assert "SLURM_JOB_ID" not in call["env"]


UNANSWERED = [
    pytest.param("Unable to contact slurm controller (connect failure)", id="no-controller"),
    pytest.param("Batch job submission failed: Socket timed out on send/recv operation", id="late"),
    pytest.param("Slurm backup controller in standby mode", id="standby"),
]
REFUSED = [
    pytest.param("Invalid partition name specified", id="partition"),
    pytest.param("Invalid account or account/partition combination specified", id="account"),
    pytest.param("Requested node configuration is not available", id="too-large"),
]


@pytest.mark.parametrize("said", UNANSWERED)
def test_a_controller_that_does_not_answer_is_no_refusal(answers, tmp_path, said):
    answers(sbatch={"err": f"sbatch: error: {said}\n", "code": 1})
    with pytest.raises(slurm.SlurmUnansweredError, match=r"^sbatch: sbatch: error: "):
        submit(tmp_path)


@pytest.mark.parametrize("said", REFUSED)
def test_a_refusal_is_told_in_slurms_words(answers, tmp_path, said):
    answers(sbatch={"err": f"sbatch: error: Batch job submission failed:\n {said}\n", "code": 1})
    with pytest.raises(slurm.SlurmError) as refused:
        submit(tmp_path)
    assert not isinstance(refused.value, slurm.SlurmUnansweredError)
    assert str(refused.value) == f"sbatch: sbatch: error: Batch job submission failed: {said}"


def test_a_command_that_hangs_is_no_answer(answers, tmp_path, monkeypatch):
    answers()
    (tmp_path / "bin/squeue").write_text("#!/bin/sh\nexec /bin/sleep 60\n")
    monkeypatch.setattr(slurm, "COMMAND_TIMEOUT", 0.2)
    with pytest.raises(slurm.SlurmUnansweredError, match=r"squeue: no answer within 0\.2 s"):
        slurm.jobs()


def row(state="RUNNING", status="0", reason="None", name=f"vdata-{RUN}-a", comment="(null)", job="7"):
    return SEPARATOR.join([job, state, status, reason, name, comment, ""]) + "\n"


DESCRIBED = [
    pytest.param("COMPLETED", "0", "None", "COMPLETED, exit code 0", id="completed"),
    pytest.param("FAILED", "768", "NonZeroExitCode", "FAILED (NonZeroExitCode), exit code 3", id="code"),
    pytest.param("FAILED", "9", "None", "FAILED, signal 9 (SIGKILL)", id="signal"),
    pytest.param("TIMEOUT", "15", "TimeLimit", "TIMEOUT (TimeLimit), signal 15 (SIGTERM)", id="timeout"),
    pytest.param("OUT_OF_MEMORY", "0:125", "OutOfMemory",
                 "OUT_OF_MEMORY (OutOfMemory), signal 125", id="out-of-memory"),
    pytest.param("NODE_FAIL", "1:0", "NodeDown", "NODE_FAIL (NodeDown), exit code 1", id="node"),
    pytest.param("PREEMPTED", "0:15", "None", "PREEMPTED, signal 15 (SIGTERM)", id="preempted"),
    pytest.param("CANCELLED by 1000", "0:9", "None", "CANCELLED, signal 9 (SIGKILL)", id="cancelled"),
]  # fmt: skip


@pytest.mark.parametrize(("state", "status", "reason", "said"), DESCRIBED)
@pytest.mark.parametrize("command", ["squeue", "sacct"])
def test_ends(answers, command, state, status, reason, said):
    """Squeue gives the status of wait(2), sacct ``code:signal``."""
    answers(**{command: {"out": row(state, status, reason)}})
    (job,) = slurm.jobs() if command == "squeue" else slurm.finished(["7"])
    assert job.ended
    assert job.described() == f"Slurm job 7 ended {said}"


@pytest.mark.parametrize("state", ["PENDING", "RUNNING", "COMPLETING", "SUSPENDED", "REQUEUED"])
def test_a_job_that_is_not_over(answers, state):
    answers(squeue={"out": row(state)})
    assert [job.ended for job in slurm.jobs()] == [False]


def test_one_call_for_all_jobs_and_only_our_own(answers):
    """A name that somebody chose to confuse the reader is none of ours."""
    foreign = [row(name="wrap"), row(name="vdata-not-a-run"), "\n", row(name=f"x{SEPARATOR}vdata-{RUN}-a")]
    calls = answers(squeue={"out": row() + "".join(foreign) + row(job="8", name=f"vdata-{RUN}-b")})
    assert [(job.id, job.name) for job in slurm.jobs()] == [("7", f"vdata-{RUN}-a"), ("8", f"vdata-{RUN}-b")]
    assert len(calls()) == 1


def test_cancel_is_one_call_and_none_for_nothing(answers):
    calls = answers(scancel={})
    slurm.cancel([])
    slurm.cancel(["7", "8"])
    assert [call["argv"] for call in calls()] == [["--quiet", "7", "8"]]


CONFIGS = [
    pytest.param("accounting_storage/none", slurm.Cluster(False, 300), id="none"),
    pytest.param("(null)", slurm.Cluster(False, 300), id="none-of-later-versions"),
    pytest.param("accounting_storage/slurmdbd", slurm.Cluster(True, 300), id="slurmdbd"),
]


@pytest.mark.parametrize(("storage", "cluster"), CONFIGS)
def test_what_a_cluster_keeps(answers, storage, cluster):
    said = f"AccountingStorageHost   = h\nAccountingStorageType   = {storage}\nMinJobAge      = 300 sec\n"
    answers(scontrol={"out": said})
    assert slurm.cluster() == cluster


def test_a_config_without_the_fields_is_refused(answers):
    answers(scontrol={"out": "MinJobAge = 300 sec\n"})
    with pytest.raises(
        slurm.SlurmError, match=r"^scontrol show config says nothing of AccountingStorageType$"
    ):
        slurm.cluster()


def test_a_host_without_slurm_is_told_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(slurm.SlurmError) as absent:
        slurm.check_commands()
    assert str(absent.value) == (
        "no sbatch, squeue, scancel, scontrol on PATH: runs start where Slurm's commands are "
        "(Debian's package slurm-client), or set VDATA_EXECUTOR=local"
    )


def test_a_look_at_the_queue_serves_all_steps_of_a_round(answers):
    """Also the failure of a look: a controller that hangs is waited for once a round."""
    rows = row() + row(job="8", name=f"vdata-{RUN}-b", state="PENDING")
    calls = answers(squeue={"out": rows})
    queue, before = Queue(60), time.monotonic()
    found = [queue.find(f"vdata-{RUN}-{step}", None, before) for step in "abc"]
    assert [job.state if job else None for job in found] == ["RUNNING", "PENDING", None]
    assert len(calls()) == 1
    assert queue.find(f"vdata-{RUN}-a", None, time.monotonic()).id == "7", "submitted since: looked again"
    assert len(calls()) == 2
    answers(squeue={"err": "slurm_load_jobs error: Unable to contact slurm controller", "code": 1})
    since = time.monotonic()
    for _ in range(3):
        with pytest.raises(slurm.SlurmUnansweredError):
            queue.find(f"vdata-{RUN}-a", "7", since)
    assert len(calls()) == 3


FORGOTTEN = [
    pytest.param("accounting_storage/none", "", None, id="no-accounting"),
    pytest.param("accounting_storage/slurmdbd", row("OUT_OF_MEMORY", "0:125"), "OUT_OF_MEMORY", id="sacct"),
]


@pytest.mark.parametrize(("storage", "kept", "state"), FORGOTTEN)
def test_a_job_that_squeue_has_forgotten(answers, storage, kept, state):
    config = f"AccountingStorageType = {storage}\nMinJobAge = 300 sec\n"
    calls = answers(squeue={}, scontrol={"out": config}, sacct={"out": kept})
    job = Queue(1).find(f"vdata-{RUN}-a", "7", time.monotonic())
    assert (job.state if job else None) == state
    asked = [argument for call in calls() for argument in call["argv"] if argument.startswith("--jobs")]
    assert asked == (["--jobs=7"] if kept else [])


def test_a_job_that_the_accounting_has_not_heard_of_yet_is_not_lost(answers):
    config = "AccountingStorageType = accounting_storage/slurmdbd\nMinJobAge = 300 sec\n"
    answers(squeue={}, scontrol={"out": config}, sacct={})
    with pytest.raises(slurm.SlurmUnansweredError, match=r"^job 7 is not in the accounting yet$"):
        Queue(1).find(f"vdata-{RUN}-a", "7", time.monotonic())


NAMES = [
    pytest.param("objects__catalog", 0, "objects__catalog", id="plain"),
    pytest.param("objects__catalog", 2, "objects__catalog.3", id="third-attempt"),
    pytest.param("fan[a/b]", 0, "fan_a_b_.9a29385f", id="mapped"),
    pytest.param("x" * 130, 0, "x" * 120 + ".da146d55", id="long"),
]


@pytest.mark.parametrize(("step", "attempt", "named"), NAMES)
def test_a_jobs_name_carries_run_and_step(step, attempt, named):
    name = slurm.job_name(RUN, step, attempt)
    assert name == f"vdata-{RUN}-{named}"
    assert slurm.run_of(name) == RUN


def test_names_that_would_be_alike_are_kept_apart():
    assert slurm.job_name(RUN, "fan[a]", 0) != slurm.job_name(RUN, "fan_a_", 0)
