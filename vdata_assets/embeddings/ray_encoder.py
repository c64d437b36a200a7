"""Images of one partition encoded by several workers of a Ray cluster, with the vectors of the local path.

Importing this module imports no Ray.
"""

import logging
import os
import pickle
import re
import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

import numpy as np
import numpy.typing as npt
from PIL import Image

from vdata_resources.encoders.protocol import (
    EncodedBatch,
    EncoderUnavailable,
    ImageEncoder,
    Inspected,
    Log,
    TextEncoder,
)
from vdata_resources.progress import Progress

Encoder = TypeVar("Encoder", bound=ImageEncoder)
CONNECT_SECONDS = 5.0
SETTING = "spread.ray"
# How far one of many tasks is; the driver says how far all of them are.
PROGRESS = re.compile(r"\w+: [\d,]+/[\d,]+ ")


@dataclass(frozen=True)
class RayWorkers:
    """Where the work goes.

    Attributes:
        address: ``auto``, the cluster that this machine or Ray job belongs to, or its ``host:port``.
        actors: how many encoders work at a time.
        cpus_per_actor: CPUs that each reserves; so many threads decode its images.
        gpus_per_actor: GPUs that each reserves, also a part of one.
        batch_size: images that an actor is given at a time.
    """

    address: str = "auto"
    actors: int = 1
    cpus_per_actor: int = 1
    gpus_per_actor: float = 0
    batch_size: int = 1024


@dataclass
class RayEncoder(Generic[Encoder]):
    """An encoder whose work is done by actors of a Ray cluster, through Ray Data.

    The vectors are those of the local path on the same kind of device, since the encoder's batches all have
    one shape wherever they are made. The identity is the one that the encoder has on the workers. Files are
    read there: the nodes see the same paths. Only results pass through this process, in order, a few tasks
    at a time.

    Attributes:
        make: the encoder; called once an actor, and pickled.
        workers: where the work goes.
    """

    make: Callable[[], Encoder]
    workers: RayWorkers
    _known: tuple[str, int] | None = field(default=None, init=False)
    _speaker: Any = field(default=None, init=False)

    @property
    def identity(self) -> str:
        """The encoder's on a worker.

        Raises:
            EncoderUnavailable: no Ray, no cluster, too small a one, or the encoder cannot work there.
        """
        return self._facts[0]

    @property
    def dim(self) -> int:
        """The encoder's.

        Raises:
            EncoderUnavailable: as for the identity.
        """
        return self._facts[1]

    def encode_images(
        self,
        paths: Sequence[Path],
        inspect: Callable[[Image.Image], Inspected],
        workers: int | None = None,
        log: Log = lambda line: None,
    ) -> Iterator[EncodedBatch[Inspected]]:
        """See :class:`~vdata_resources.encoders.protocol.ImageEncoder`.

        An actor decodes in as many threads as it has CPUs, whatever ``workers`` says.

        Raises:
            EncoderUnavailable: as for the identity, before any image is read.
            RayError: a worker has failed for another reason.
        """
        identity = self.identity
        self._speaker = None  # It holds a GPU that the actors need.
        import ray.data

        context = ray.data.DataContext.get_current()
        context.execution_options.preserve_order = True
        context.enable_progress_bars = False
        size = self.workers.batch_size
        tasks = [
            {"first": first, "paths": [str(path) for path in paths[first : first + size]]}
            for first in range(0, len(paths), size)
        ]
        if not tasks:
            return
        log(f"encode: {len(paths):,} images in {len(tasks):,} tasks on Ray, {self.workers.actors} actors")
        results = ray.data.from_items(tasks, override_num_blocks=len(tasks)).map(
            cast(Any, _ImageWorker),
            fn_constructor_args=(self.make, inspect, identity, self.workers.cpus_per_actor),
            compute=ray.data.ActorPoolStrategy(size=min(self.workers.actors, len(tasks))),
            num_cpus=self.workers.cpus_per_actor,
            num_gpus=self.workers.gpus_per_actor,
        )
        progress = Progress("encode", len(paths), "images", log)
        for row in results.iter_rows():
            batches, said = pickle.loads(row["result"])  # noqa: S301 - an actor of this call has pickled it
            for line in said:
                log(line)
            for batch in batches:
                yield batch
                progress.advance(len(batch.indices) + len(batch.errors))

    def encode_texts(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """The encoder's vectors, where it is one for texts too; made by one actor.

        Raises:
            EncoderUnavailable: as for the identity.
        """
        import ray

        if self._speaker is None:
            self._speaker = self._actor()
        vectors: npt.NDArray[np.float32] = ray.get(self._speaker.encode_texts.remote(list(texts)))
        return vectors

    @property
    def _facts(self) -> tuple[str, int]:
        if self._known is None:
            connect(self.workers)
            import ray

            self._speaker = self._actor()
            known: tuple[str, int] = ray.get(self._speaker.facts.remote())
            self._known = known
        return self._known

    def _actor(self) -> Any:
        """One actor with the encoder, which ends when nobody holds it."""
        import ray

        on_worker = ray.remote(num_cpus=self.workers.cpus_per_actor, num_gpus=self.workers.gpus_per_actor)
        return cast(Any, on_worker(_Host)).remote(self.make)


class _Host:
    """An encoder on a worker, asked for what it is and for texts."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._encoder = make()

    def facts(self) -> tuple[str, int]:
        encoder: ImageEncoder = self._encoder
        return encoder.identity, encoder.dim

    def encode_texts(self, texts: list[str]) -> npt.NDArray[np.float32]:
        encoder: TextEncoder = self._encoder
        return encoder.encode_texts(texts)


class _ImageWorker:
    """An encoder on a worker, which Ray Data gives one task after another."""

    def __init__(
        self,
        make: Callable[[], ImageEncoder],
        inspect: Callable[[Image.Image], Any],
        identity: str,
        threads: int,
    ) -> None:
        self._encoder = make()
        self._inspect = inspect
        self._threads = threads
        if self._encoder.identity != identity:
            raise EncoderUnavailable(
                f"{SETTING}: the workers differ, so would their vectors: {self._encoder.identity} on one, "
                f"{identity} on another"
            )

    def __call__(self, task: dict[str, Any]) -> dict[str, bytes]:
        first, said = int(task["first"]), list[str]()
        paths = [Path(path) for path in task["paths"]]
        batches = [
            EncodedBatch(
                [first + index for index in batch.indices],
                batch.vectors,
                batch.inspected,
                {first + index: reason for index, reason in batch.errors.items()},
            )
            for batch in self._encoder.encode_images(paths, self._inspect, self._threads, said.append)
        ]
        return {"result": pickle.dumps((batches, [line for line in said if not PROGRESS.match(line)]))}


def connect(workers: RayWorkers) -> None:
    """Join the cluster, once a process, and see that an actor fits on one of its nodes.

    Raises:
        EncoderUnavailable: no Ray, no cluster, or none of its nodes has what an actor asks for.
    """
    try:
        import ray
    except ImportError as missing:
        raise EncoderUnavailable(
            f"{SETTING}: Ray is not installed: install vdata[team], or leave `spread` out to encode here"
        ) from missing
    if not ray.is_initialized():
        address = os.environ.get("RAY_ADDRESS", "auto") if workers.address == "auto" else workers.address
        _reachable(address)
        try:
            ray.init(address, log_to_driver=False, logging_level=logging.WARNING)
        except (ConnectionError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
            raise EncoderUnavailable(
                f"{SETTING}.address: {address}: {error}; correct the address or the token (RAY_AUTH_MODE, "
                "RAY_AUTH_TOKEN_PATH), run this step on a node of the cluster, or leave `spread` out to "
                "encode here"
            ) from error
    wanted = {"CPU": workers.cpus_per_actor, "GPU": workers.gpus_per_actor}
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    if not any(all(node.get(name, 0) >= amount for name, amount in wanted.items()) for node in nodes):
        raise EncoderUnavailable(
            f"{SETTING}: no node of the cluster has the {workers.cpus_per_actor} CPUs and "
            f"{workers.gpus_per_actor:g} GPUs of an actor: lower cpus_per_actor or gpus_per_actor"
        )


def _reachable(address: str) -> None:
    """Ray itself tries a silent address for a minute and may end the process: ask the port first.

    Raises:
        EncoderUnavailable: nobody listens there.
    """
    if address == "auto":
        return
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), CONNECT_SECONDS).close()
    except OSError as error:
        raise EncoderUnavailable(
            f"{SETTING}.address: nobody answers at {address}: {error}; start the cluster, correct the "
            "address, or leave `spread` out to encode here"
        ) from error
