"""The YAML shapes of settings that belong to no single stage."""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from vdata_assets.retrieval.settings import MiningSettings

if TYPE_CHECKING:
    from vdata_resources.encoders import ImageEncoder, OpenClipEncoder, TextEncoder


class Settings(BaseModel):
    """Base of all settings: unknown fields are refused, values cannot change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DescriptorSettings(Settings):
    """The embedded encoder: colour, gradient and texture descriptors. No weights, no GPU."""

    type: Literal["descriptor"] = "descriptor"

    def build(self) -> "ImageEncoder":
        """The encoder, ready to encode."""
        from vdata_resources.encoders import DescriptorEncoder

        return DescriptorEncoder()

    def build_with_texts(self) -> "tuple[ImageEncoder, TextEncoder]":
        """The encoder and one for texts, whose vectors are of a space of their own."""
        from vdata_resources.encoders import HashedTextEncoder

        return self.build(), HashedTextEncoder()


class OpenClipSettings(Settings):
    """An OpenCLIP model."""

    type: Literal["open_clip"] = "open_clip"
    model: str = Field("ViT-B-32", description="Model name as open_clip lists it.")
    pretrained: str | None = Field(
        "openai",
        description="Tag of pretrained weights on the hub, or path of a local checkpoint; null for models "
        "that bring their own, hf-hub: and local-dir:.",
    )
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="auto: cuda where there is one.")
    precision: Literal["auto", "fp32", "bf16"] = Field("auto", description="auto: bf16 on a GPU, else fp32.")
    batch_size: int | None = Field(None, ge=1, description="None: the largest that fits into GPU memory.")

    def build(self) -> "OpenClipEncoder":
        """The encoder, its weights loaded on first use."""
        from vdata_resources.encoders import OpenClipEncoder

        return OpenClipEncoder(
            self.model,
            self.pretrained,
            device=self.device,
            precision=self.precision,
            batch_size=self.batch_size,
        )

    def build_with_texts(self) -> "tuple[ImageEncoder, TextEncoder]":
        """The model for images and for texts, loaded once."""
        encoder = self.build()
        return encoder, encoder


EncoderSettings = Annotated[DescriptorSettings | OpenClipSettings, Field(discriminator="type")]


class RetrievalSettings(MiningSettings):
    """Which images retrieval rows are mined from, and how."""

    source: Literal["train_concepts", "validation_concepts", "catalog"] = Field(
        "train_concepts",
        description="train_concepts: the concepts that concept_splits selects for training, so that nothing "
        "held out reaches a training set; validation_concepts: those it holds out, for an evaluation set; "
        "catalog: all concepts.",
    )
    split: Literal["train", "test", "all"] = Field(
        "train",
        description="The list of images within the source. For train_concepts, train holds the sampled test "
        "images too.",
    )
    descriptions: bool = Field(
        False,
        description="Each slot also has what concept_definitions says of its concept, as ret_descs.",
    )


class TrainingDatasetSettings(Settings):
    """What the Hugging Face dataset trains."""

    tasks: tuple[Literal["speaker", "listener"], ...] = Field(
        ("speaker", "listener"), min_length=1, description="One dataset is written for each."
    )
    seed: int = Field(23, description="Decides the listener's pairs.")
    use_description: bool = Field(
        False,
        description="The listener is told what is known of the reference; needs retrieval.descriptions.",
    )
