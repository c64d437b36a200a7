"""systemd's unit files, read for what they start: so that what is tried here is what is installed there."""

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from string import Template


@dataclass(frozen=True)
class Unit:
    """What a unit starts.

    Attributes:
        name: without ``.service``.
        before: commands that run to their end first.
        after: commands that run to their end before the unit counts as started.
        start: commands; of a oneshot unit any number, else one.
        oneshot: whether the commands end.
        folder: where they run.
        environment: theirs, all of it.
        restart_seconds: pause before a command that ended is started again.
        stop_seconds: how long a stopped one may take.
        state: folders of what it keeps.
        umask: of the files that it makes.
    """

    name: str
    before: list[list[str]]
    after: list[list[str]]
    start: list[list[str]]
    oneshot: bool
    folder: Path
    environment: dict[str, str]
    restart_seconds: float
    stop_seconds: float
    state: list[Path]
    umask: int


def read_unit(folder: Path, name: str, placed: Callable[[str], str]) -> Unit:
    """A unit with the drop-ins that systemd would add, in systemd's order.

    Args:
        folder: of the unit files.
        name: without ``.service``.
        placed: puts this machine's paths and ports in the place of the installed ones.
    """
    prefix = f"{name.partition('-')[0]}-.service.d"
    drop_ins = [*folder.glob(f"{prefix}/*.conf"), *folder.glob(f"{name}.service.d/*.conf")]
    files = [folder / f"{name}.service", *sorted(drop_ins, key=lambda file: file.name)]
    settings: dict[str, list[str]] = {}
    for file in files:
        for key, value in _settings(placed(file.read_text(encoding="utf-8"))):
            settings[key] = [*settings.get(key, []), value] if value else []
    environment = dict(word.split("=", 1) for line in settings["Environment"] for word in shlex.split(line))
    for variables in settings["EnvironmentFile"]:
        environment |= dict(_settings(Path(variables).read_text(encoding="utf-8")))

    def commands(key: str) -> list[list[str]]:
        lines = settings.get(key, [])
        return [[Template(word).substitute(environment) for word in shlex.split(line)] for line in lines]

    return Unit(
        name,
        before=commands("ExecStartPre"),
        after=commands("ExecStartPost"),
        start=commands("ExecStart"),
        oneshot=settings["Type"][-1] == "oneshot",
        folder=Path(settings["WorkingDirectory"][-1]),
        environment=environment,
        restart_seconds=float(settings.get("RestartSec", ["0"])[-1]),
        stop_seconds=float(settings.get("TimeoutStopSec", ["90"])[-1]),
        state=[
            Path(placed(f"/var/lib/{name}")) for line in settings["StateDirectory"] for name in line.split()
        ],
        umask=int(settings["UMask"][-1], 8),
    )


def _settings(text: str) -> list[tuple[str, str]]:
    lines = (line.strip() for line in text.splitlines())
    pairs = (line.split("=", 1) for line in lines if "=" in line and not line.startswith(("#", ";")))
    return [(key.strip(), value.strip()) for key, value in pairs]
