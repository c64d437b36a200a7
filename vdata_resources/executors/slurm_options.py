"""What a step asks Slurm for: settings of the executor, and tags of the asset that replace them."""

import re
from collections.abc import Mapping
from typing import Any

from vdata_resources.devices import GPUS_TAG

OPTIONS = {
    "partition": "partition",
    "account": "account",
    "qos": "qos",
    "reservation": "reservation",
    "constraint": "constraint",
    "nodelist": "nodelist",
    "exclude": "exclude",
    "licenses": "licenses",
    "gres": "gres",
    "cpus": "cpus-per-task",
    "mem": "mem",
    "time": "time",
    "nice": "nice",
}
"""Name in the executor's config and in tags -> long option of sbatch."""

TAG_PREFIX = "slurm/"
_VALUE = re.compile(r"[!-~]+(?: [!-~]+)*")


def sbatch_options(settings: Mapping[str, Any], gpu_gres: str | None, tags: Mapping[str, str]) -> list[str]:
    """Options of sbatch for one step.

    Args:
        settings: by the names of :data:`OPTIONS`; None is not asked for.
        gpu_gres: generic resource that a GPU is on this cluster, such as ``gpu`` or ``gpu:a100``. None: the
            cluster has none, and GPUs are not asked for.
        tags: of the step. ``slurm/<option>`` replaces the setting; ``vdata/gpus`` adds GPUs to its ``gres``,
            unless there is a ``slurm/gres``.

    Raises:
        ValueError: a tag that is no option, or a value that is none for sbatch.
    """
    asked = {name: str(value) for name, value in settings.items() if value is not None}
    gpus = tags.get(GPUS_TAG, "0")
    if not re.fullmatch(r"\d{1,4}", gpus):
        raise ValueError(f"tag {GPUS_TAG}: {gpus!r}: a whole number is expected")
    if gpu_gres and int(gpus):
        asked["gres"] = ",".join(filter(None, [f"{gpu_gres}:{int(gpus)}", asked.get("gres")]))
    for tag, value in tags.items():
        if tag.startswith(TAG_PREFIX):
            name = tag.removeprefix(TAG_PREFIX)
            if name not in OPTIONS:
                allowed = ", ".join(TAG_PREFIX + known for known in OPTIONS)
                raise ValueError(f"tag {tag}: no such option; allowed are {allowed}")
            asked[name] = value
    for name, value in asked.items():
        if not _VALUE.fullmatch(value):
            raise ValueError(f"{name}: {value!r}: printable text without line breaks is expected")
    return [f"--{OPTIONS[name]}={value}" for name, value in asked.items()]
