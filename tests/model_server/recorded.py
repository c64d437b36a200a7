"""Requests as the server received them."""

import base64
import io
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from PIL import Image


@dataclass(eq=False)
class Asked:
    """One question to the model, whichever format it came in.

    Attributes:
        number: order of arrival, from 0.
        service: whose format.
        path: of the URL.
        headers: names in lower case.
        body: the parsed JSON.
        time: seconds on the monotonic clock at arrival.
        job: the batch job that it came in, if any.
        answered: whether an answer, which is billed, was sent.
        status: of the response; 0 before.
    """

    number: int
    service: Literal["gemini", "openai"]
    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    time: float
    job: str | None = None
    answered: bool = False
    status: int = field(default=0)

    @property
    def model(self) -> str:
        """The model that was asked for."""
        if self.service == "openai":
            return str(self.body["model"])
        return self.path.split("/models/")[-1].split(":")[0]

    @property
    def prompt(self) -> str:
        """All text of the question."""
        return "\n".join(part["text"] for part in self._parts if "text" in part)

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON schema that the answer is to have."""
        if self.service == "openai":
            return dict(self.body["response_format"]["json_schema"]["schema"])
        return dict(self.body["generationConfig"]["responseJsonSchema"])

    @property
    def temperature(self) -> float:
        """Sampling temperature."""
        return float(self._config["temperature"])

    @property
    def max_output_tokens(self) -> int:
        """Length at which an answer is cut off."""
        return int(self._config["max_tokens" if self.service == "openai" else "maxOutputTokens"])

    @property
    def thinking_budget(self) -> int | None:
        """Gemini's limit of thoughts, if it was set."""
        config = self._config.get("thinkingConfig", {})
        return config.get("thinkingBudget", config.get("thinking_budget"))

    @property
    def files(self) -> list[tuple[str, bytes]]:
        """Media type and bytes of every image."""
        if self.service == "openai":
            uris = [part["image_url"]["url"] for part in self._parts if "image_url" in part]
            pairs = [uri.removeprefix("data:").split(";base64,") for uri in uris]
            return [(media_type, base64.b64decode(data)) for media_type, data in pairs]
        blobs = [part["inlineData"] for part in self._parts if "inlineData" in part]
        # the SDK writes snake case and URL-safe base64 here: protobuf's JSON takes both spellings of both
        return [
            (blob.get("mimeType") or blob["mime_type"], base64.urlsafe_b64decode(_url_safe(blob["data"])))
            for blob in blobs
        ]

    @property
    def images(self) -> list[np.ndarray]:
        """Every image, decoded: uint8 of shape (height, width, 3)."""
        return [np.asarray(Image.open(io.BytesIO(data)).convert("RGB")) for _, data in self.files]

    @property
    def _parts(self) -> list[dict[str, Any]]:
        if self.service == "openai":
            return list(self.body["messages"][-1]["content"])
        return list(self.body["contents"][-1]["parts"])

    @property
    def _config(self) -> dict[str, Any]:
        return self.body if self.service == "openai" else self.body["generationConfig"]


def _url_safe(data: str) -> str:
    return data.replace("+", "-").replace("/", "_")
