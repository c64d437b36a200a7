"""Slurm's commands as functions: submit, look at many jobs by one call, cancel. Tried with Slurm 22.05.

Nothing here knows of Dagster. Every job of vdata is found again by its name, which :func:`job_name` makes, so
a submission whose answer was lost is not made twice; whose it is stands in its comment.
"""

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

PREFIX = "vdata-"
COMMAND_TIMEOUT = 60
"""Seconds until a command of Slurm counts as unanswered."""

ENDED = frozenset(
    {
        "BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "LAUNCH_FAILED", "NODE_FAIL",
        "OUT_OF_MEMORY", "PREEMPTED", "RECONFIG_FAIL", "REVOKED", "TIMEOUT",
    }
)  # fmt: skip
"""States of a job that is over. COMPLETING is none: how it ended is known when it is cleared away."""

_SEPARATOR = "\x1f"
_UNANSWERED = (
    "Unable to contact slurm controller",
    "Socket timed out",
    "Zero Bytes were transmitted or received",
    "Connection refused",
    "Slurm backup controller in standby mode",
    "Slurm temporarily unable to accept job",
    "Communication connection failure",
)


class SlurmError(RuntimeError):
    """A command of Slurm failed."""


class SlurmUnansweredError(SlurmError):
    """The controller did not answer: what became of the request is not known."""


@dataclass(frozen=True)
class Job:
    """What Slurm says of a job.

    Attributes:
        id: its number.
        state: such as RUNNING; CANCELLED without by whom.
        code: exit code of its script.
        signal: that ended its script, 0 if none did.
        reason: why it waits or ended, as Slurm words it.
        name: its name.
        comment: its comment.
    """

    id: str
    state: str
    code: int
    signal: int
    reason: str
    name: str
    comment: str = ""

    @property
    def ended(self) -> bool:
        """Whether it is over."""
        return self.state in ENDED

    def described(self) -> str:
        """The end as one line: state, Slurm's reason, exit code or signal."""
        said = [self.state if self.reason in ("", "None") else f"{self.state} ({self.reason})"]
        if self.signal in set(signal.Signals):
            said.append(f"signal {self.signal} ({signal.Signals(self.signal).name})")
        else:
            said.append(f"signal {self.signal}" if self.signal else f"exit code {self.code}")
        return f"Slurm job {self.id} ended {', '.join(said)}"


@dataclass(frozen=True)
class Cluster:
    """What decides how a finished job is looked up.

    Attributes:
        accounting: sacct knows finished jobs.
        min_job_age: seconds for which squeue knows them.
    """

    accounting: bool
    min_job_age: int


def job_name(run_id: str, step_key: str, attempt: int) -> str:
    """Name of a step's job: run, step and, from the second attempt on, the attempt.

    Characters that names of files and jobs have trouble with become ``_``, with a digest that keeps names
    apart.
    """
    step = re.sub(r"[^A-Za-z0-9_-]", "_", step_key)[:120]
    if step != step_key:
        step += "." + blake2b(step_key.encode(), digest_size=4).hexdigest()
    return f"{PREFIX}{run_id}-{step}" + (f".{attempt + 1}" if attempt else "")


def run_of(name: str) -> str | None:
    """Id of the run that a job's name carries; None for a name that is none of vdata's."""
    found = re.match(PREFIX + r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})-", name)
    return found.group(1) if found else None


def submit(
    command: str, *, name: str, comment: str, log: Path, options: Sequence[str], environment: dict[str, str]
) -> str:
    """Submit a job that becomes a program in this folder and with ``environment``; returns its number.

    Slurm itself never runs it a second time.

    Args:
        command: the program and its arguments as a shell reads them.
        name: the job's name.
        comment: the job's comment, which everybody can read.
        log: file of its stdout and stderr, in a folder that exists.
        options: more options of sbatch, each ``--name=value``.
        environment: of the job. Slurm keeps it where only its own user and root read.

    Raises:
        SlurmUnansweredError: the controller did not answer; the job may be there all the same.
        SlurmError: sbatch refused it, with its words.
    """
    inherited = {key: value for key, value in environment.items() if not _of_outer_job(key)}
    said = _run(
        [
            "sbatch", "--parsable", "--export=ALL", "--no-requeue", "--nodes=1", "--ntasks=1",
            f"--job-name={name}", f"--comment={comment}", f"--output={str(log).replace('%', '%%')}",
            f"--chdir={os.getcwd()}", *options,
        ],
        stdin=f"#!/bin/sh\nexec {command}\n",
        environment=inherited,
    )  # fmt: skip
    return said.strip().split(";")[0]


def jobs() -> list[Job]:
    """The user's jobs of vdata that the controller knows: waiting, running and lately finished ones.

    Raises:
        SlurmUnansweredError: the controller did not answer.
        SlurmError: squeue failed.
    """
    fields = ("JobID", "State", "exit_code", "Reason", "Name", "Comment")
    columns = ",".join(f"{field}:{_SEPARATOR}" for field in fields)
    return _parsed(_run(["squeue", "--me", "--noheader", "--states=all", f"--Format={columns}"]))


def finished(ids: Sequence[str]) -> list[Job]:
    """Jobs as the accounting knows them.

    Raises:
        SlurmUnansweredError: the accounting's daemon did not answer.
        SlurmError: sacct failed.
    """
    return _parsed(
        _run(
            [
                "sacct", "--noheader", "--parsable2", "--allocations", f"--delimiter={_SEPARATOR}",
                f"--jobs={','.join(ids)}", "--format=JobIDRaw,State,ExitCode,Reason,JobName,Comment",
            ]
        )
    )  # fmt: skip


def cancel(ids: Iterable[str]) -> None:
    """Cancel jobs; one that has ended is left as it is.

    Raises:
        SlurmUnansweredError: the controller did not answer.
        SlurmError: scancel failed.
    """
    if wanted := list(ids):
        _run(["scancel", "--quiet", *wanted])


def cluster() -> Cluster:
    """How this cluster keeps what became of finished jobs.

    Raises:
        SlurmUnansweredError: the controller did not answer.
        SlurmError: scontrol failed.
    """
    said = _run(["scontrol", "show", "config"])
    found = dict(re.findall(r"^(AccountingStorageType|MinJobAge)\s*=\s*(\S+)", said, re.MULTILINE))
    missing = {"AccountingStorageType", "MinJobAge"} - set(found)
    if missing:
        raise SlurmError(f"scontrol show config says nothing of {', '.join(sorted(missing))}")
    return Cluster(found["AccountingStorageType"] == "accounting_storage/slurmdbd", int(found["MinJobAge"]))


def check_commands() -> None:
    """Refuse a host from which no job can be submitted.

    Raises:
        SlurmError: Slurm's commands are not on PATH.
    """
    absent = [name for name in ("sbatch", "squeue", "scancel", "scontrol") if shutil.which(name) is None]
    if absent:
        raise SlurmError(
            f"no {', '.join(absent)} on PATH: runs start where Slurm's commands are "
            "(Debian's package slurm-client), or set VDATA_EXECUTOR=local"
        )


def _of_outer_job(variable: str) -> bool:
    """Whether a variable speaks of the job that vdata itself may run in; sbatch would obey it."""
    return variable.startswith("SLURM_") and variable != "SLURM_CONF"


def _run(command: list[str], *, stdin: str = "", environment: dict[str, str] | None = None) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - a list of arguments, no shell
            command, input=stdin, env=environment, capture_output=True, text=True, errors="replace",
            timeout=COMMAND_TIMEOUT, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as late:
        raise SlurmUnansweredError(f"{command[0]}: no answer within {COMMAND_TIMEOUT} s") from late
    if done.returncode:
        said = " ".join(done.stderr.split()) or f"exit code {done.returncode}"
        kind = SlurmUnansweredError if any(words in said for words in _UNANSWERED) else SlurmError
        raise kind(f"{command[0]}: {said}")
    return done.stdout


def _parsed(said: str) -> list[Job]:
    """Rows of squeue or sacct; those that are not of vdata, whatever their names hold, are left out."""
    rows = (line.split(_SEPARATOR) for line in said.splitlines())
    return [
        Job(row[0], _state(row[1]), *_status(row[2]), row[3], row[4], row[5])
        for row in rows
        if len(row) >= 6 and run_of(row[4])
    ]


def _state(said: str) -> str:
    """CANCELLED of "CANCELLED by 1000"."""
    return said.split()[0]


def _status(said: str) -> tuple[int, int]:
    """Exit code and signal: sacct says ``code:signal``, squeue the status as wait(2) gives it."""
    if ":" in said:
        code, number = said.split(":")
        return int(code), int(number)
    status = int(said)
    return status >> 8, status & 0x7F
