"""Gemini's batch jobs and the files that go with them."""

import json
import secrets
import time
from dataclasses import dataclass, field
from typing import Any, Literal

State = Literal["PENDING", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED", "EXPIRED"]


@dataclass(eq=False)
class Job:
    """A batch job.

    Attributes:
        name: ``batches/...``.
        display_name: what the client calls it.
        model: that answers.
        lines: the parsed lines of its file.
        created: seconds on the monotonic clock.
        state: without the prefix.
        answers: name of the file of answers, once there is one.
    """

    name: str
    display_name: str
    model: str
    lines: list[dict[str, Any]]
    created: float
    state: State = "PENDING"
    answers: str | None = None

    @property
    def wire(self) -> dict[str, Any]:
        """The operation that the API describes it by."""
        metadata: dict[str, Any] = {
            "@type": "type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatch",
            "name": self.name,
            "model": self.model,
            "displayName": self.display_name,
            "state": f"BATCH_STATE_{self.state}",
            "createTime": "2025-01-01T00:00:00Z",
            "batchStats": {"requestCount": str(len(self.lines))},
        }
        if self.answers is not None:
            metadata["output"] = {"responsesFile": self.answers}
        operation = {"name": self.name, "metadata": metadata}
        if self.state in ("FAILED", "CANCELLED", "EXPIRED"):
            operation |= {"done": True, "error": {"code": 13, "message": f"the job is {self.state}"}}
        return operation


@dataclass
class Files:
    """Uploaded files and files of answers, by name."""

    contents: dict[str, bytes] = field(default_factory=dict)
    uploads: dict[str, bytearray] = field(default_factory=dict)

    def begin(self) -> str:
        """A new upload's id."""
        upload = secrets.token_hex(6)
        self.uploads[upload] = bytearray()
        return upload

    def finish(self, upload: str) -> str:
        """Turn an upload into a file; its name."""
        return self.add(bytes(self.uploads.pop(upload)))

    def add(self, content: bytes) -> str:
        """A new file's name."""
        name = f"files/{secrets.token_hex(6)}"
        self.contents[name] = content
        return name


def new_job(display_name: str, model: str, content: bytes) -> Job:
    """A job from its file of requests."""
    lines = [json.loads(line) for line in content.splitlines()]
    return Job(f"batches/{secrets.token_hex(6)}", display_name, model, lines, time.monotonic())
