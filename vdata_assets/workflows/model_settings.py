"""The YAML shapes of language models and segmenters, whichever workflow uses them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from vdata_assets.workflows.settings import Settings
from vdata_resources.devices import Device

if TYPE_CHECKING:
    from vdata_resources.language.protocol import VisionLanguageModel
    from vdata_resources.segmenters.protocol import Segmenter


class RulesSettings(Settings):
    """The embedded writer: it states what geometry, colours and labels prove. No key, no network, no cost."""

    type: Literal["rules"] = "rules"


class ServiceSettings(Settings):
    """What every service has: limits, and what it costs."""

    requests_per_minute: float | None = Field(None, gt=0, description="the service's limit; null: none")
    tokens_per_minute: float | None = Field(None, gt=0, description="likewise, input tokens")
    concurrency: int = Field(32, ge=1, le=1024, description="requests under way at a time")
    attempts: int = Field(5, ge=1, le=20, description="times that a request is tried before it is an error")
    timeout_s: float = Field(120, gt=0, description="seconds that an answer may take")
    max_cost_usd: float | None = Field(
        None, ge=0, description="most that one step of a run may spend; then it stops, and keeps its answers"
    )
    input_usd_per_million: float = Field(0, ge=0, description="price of a million input tokens")
    output_usd_per_million: float = Field(0, ge=0, description="price of a million output tokens")

    @model_validator(mode="after")
    def _budget_needs_prices(self) -> Self:
        if self.max_cost_usd is not None and not (self.input_usd_per_million or self.output_usd_per_million):
            raise ValueError(
                "max_cost_usd is set, but no price: set input_usd_per_million and output_usd_per_million"
            )
        return self


class GeminiSettings(ServiceSettings):
    """A Gemini model. The key is taken from the environment variable GOOGLE_API_KEY."""

    type: Literal["gemini"] = "gemini"
    model: str = Field("gemini-2.5-flash", min_length=1, description="as the API names it")
    mode: Literal["interactive", "batch"] = Field(
        "interactive",
        description="batch: the Gemini Batch API, at half the price, answers within a day",
    )
    base_url: str | None = Field(None, description="another server that speaks the API, e.g. a proxy")
    thinking_budget: int | None = Field(None, ge=-1, description="tokens; null: the model's default")
    poll_s: float = Field(30, gt=0, description="seconds between looks at a batch job")

    def model_for(self, home: Path, google_api_key: str, openai_api_key: str) -> "VisionLanguageModel":
        """The model, ready to answer.

        Raises:
            ModelUnavailable: there is no key.
        """
        if self.mode == "batch":
            from vdata_resources.language.gemini_batch import GeminiBatchModel

            return GeminiBatchModel(
                self.model,
                google_api_key,
                home / "batch_jobs.sqlite",
                base_url=self.base_url,
                poll_s=self.poll_s,
                thinking_budget=self.thinking_budget,
            )
        from vdata_resources.language.gemini import GeminiModel

        return GeminiModel(
            self.model,
            google_api_key,
            base_url=self.base_url,
            timeout_s=self.timeout_s,
            thinking_budget=self.thinking_budget,
        )


class OpenAISettings(ServiceSettings):
    """Any server that speaks OpenAI's chat completions: vLLM, Ollama. The key, if any, is OPENAI_API_KEY."""

    type: Literal["openai"] = "openai"
    model: str = Field(min_length=1, description="as the server names it")
    base_url: str = Field(min_length=1, description="e.g. http://127.0.0.1:8000/v1")

    def model_for(self, home: Path, google_api_key: str, openai_api_key: str) -> "VisionLanguageModel":
        """The model, ready to answer."""
        from vdata_resources.language.openai_compatible import OpenAICompatibleModel

        return OpenAICompatibleModel(
            self.model, self.base_url, openai_api_key or None, timeout_s=self.timeout_s
        )


LanguageModelSettings = Annotated[
    RulesSettings | GeminiSettings | OpenAISettings, Field(discriminator="type")
]


class ClassicalSegmenterSettings(Settings):
    """The embedded segmenter: regions of one colour that stand out. No weights, no GPU."""

    type: Literal["classical"] = "classical"
    device: ClassVar[Device] = "cpu"

    def build(self) -> "Segmenter":
        """The segmenter."""
        from vdata_resources.segmenters.classical import ClassicalSegmenter

        return ClassicalSegmenter()


class Sam2Settings(Settings):
    """SAM2 with a local checkpoint."""

    type: Literal["sam2"] = "sam2"
    config: str = Field("sam2.1_hiera_l.yaml", description="configuration's name, as the sam2 package has it")
    checkpoint: str = Field(min_length=1, description="path of the checkpoint that belongs to it")
    device: Device = Field("auto", description="auto: cuda where there is one")
    precision: Literal["auto", "fp32", "bf16"] = Field("auto", description="auto: bf16 on a GPU, else fp32")
    points_per_side: int = Field(32, ge=1, le=128, description="grid of the automatic masks")
    points_per_batch: int | None = Field(
        None, ge=1, description="halved where they do not fit into memory; null: the usual"
    )
    pred_iou_threshold: float = Field(0.8, ge=0, le=1, description="least quality of an automatic mask")
    stability_threshold: float = Field(0.95, ge=0, le=1, description="least stability of an automatic mask")
    box_nms_threshold: float = Field(0.7, gt=0, le=1, description="IoU of boxes from which one is dropped")

    def build(self) -> "Segmenter":
        """The segmenter; its weights are loaded when a picture is opened."""
        from vdata_resources.segmenters.sam2 import Sam2Segmenter

        return Sam2Segmenter(**self.model_dump(exclude={"type"}))


SegmenterSettings = Annotated[ClassicalSegmenterSettings | Sam2Settings, Field(discriminator="type")]
