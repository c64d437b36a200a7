"""The YAML shapes of settings that belong to no single stage."""

from functools import partial
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from vdata_assets.retrieval.settings import MiningSettings
from vdata_resources.devices import Device

if TYPE_CHECKING:
    from collections.abc import Callable

    from vdata_assets.embeddings.ray_encoder import Encoder, RayEncoder
    from vdata_resources.encoders import ImageEncoder, OpenClipEncoder, TextEncoder


class Settings(BaseModel):
    """Base of all settings: unknown fields are refused, values cannot change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class RaySettings(Settings):
    """Actors of a Ray cluster that share the images of a partition. Every node sees the same files."""

    address: str = Field(
        "auto",
        pattern=r"^(auto|[^/:]+:[0-9]{1,5})$",
        description="auto: the cluster that the step's machine or Ray job belongs to; or its host:port.",
    )
    actors: int = Field(1, ge=1, description="How many encoders work at a time.")
    cpus_per_actor: int = Field(1, ge=1, description="CPUs of each, and threads that decode its images.")
    gpus_per_actor: float | None = Field(
        None,
        ge=0,
        description="GPUs of each, also a part of one. None: one unless the encoder's device is cpu.",
    )
    batch_size: int = Field(1024, ge=1, description="Images that an actor is given at a time.")


class SpreadSettings(Settings):
    """Where a partition is encoded that is too large for one worker."""

    ray: RaySettings

    def encoder(self, make: "Callable[[], Encoder]", device: Device) -> "RayEncoder[Encoder]":
        """An encoder whose work is done there, with the results of the one that ``make`` makes."""
        from vdata_assets.embeddings.ray_encoder import RayEncoder, RayWorkers

        gpus = self.ray.gpus_per_actor
        if gpus is None:
            gpus = 0 if device == "cpu" else 1
        workers = RayWorkers(
            self.ray.address, self.ray.actors, self.ray.cpus_per_actor, gpus, self.ray.batch_size
        )
        return RayEncoder(make, workers)


class ImageEncoderSettings(Settings):
    """What the settings of all image encoders have."""

    # Not part of what a version depends on: the vectors are the same.
    spread: SpreadSettings | None = Field(
        None, exclude=True, description="None: the step encodes; else workers of a cluster do."
    )


class DescriptorSettings(ImageEncoderSettings):
    """The embedded encoder: colour, gradient and texture descriptors. No weights, no GPU."""

    type: Literal["descriptor"] = "descriptor"
    device: ClassVar[Device] = "cpu"

    def build(self) -> "ImageEncoder":
        """The encoder, ready to encode."""
        from vdata_resources.encoders import DescriptorEncoder

        return self.spread.encoder(DescriptorEncoder, self.device) if self.spread else DescriptorEncoder()

    def build_with_texts(self) -> "tuple[ImageEncoder, TextEncoder]":
        """The encoder and one for texts, whose vectors are of a space of their own."""
        from vdata_resources.encoders import HashedTextEncoder

        return self.build(), HashedTextEncoder()


class OpenClipSettings(ImageEncoderSettings):
    """An OpenCLIP model."""

    type: Literal["open_clip"] = "open_clip"
    model: str = Field("ViT-B-32", description="Model name as open_clip lists it.")
    pretrained: str | None = Field(
        "openai",
        description="Tag of pretrained weights on the hub, or path of a local checkpoint; null for models "
        "that bring their own, hf-hub: and local-dir:.",
    )
    device: Device = Field("auto", description="auto: cuda where there is one.")
    precision: Literal["auto", "fp32", "bf16"] = Field("auto", description="auto: bf16 on a GPU, else fp32.")
    batch_size: int | None = Field(
        None, ge=1, description="Halved where it does not fit into memory. None: the usual one."
    )

    def build(self) -> "OpenClipEncoder | RayEncoder[OpenClipEncoder]":
        """The encoder, its weights loaded on first use."""
        from vdata_resources.encoders import OpenClipEncoder

        make = partial(
            OpenClipEncoder,
            self.model,
            self.pretrained,
            device=self.device,
            precision=self.precision,
            batch_size=self.batch_size,
        )
        return self.spread.encoder(make, self.device) if self.spread else make()

    def build_with_texts(self) -> "tuple[ImageEncoder, TextEncoder]":
        """The model for images and for texts, loaded once."""
        encoder = self.build()
        return encoder, encoder


EncoderSettings = Annotated[DescriptorSettings | OpenClipSettings, Field(discriminator="type")]


def step_device(settings: EncoderSettings) -> Device | None:
    """What a step that encodes needs for itself: no GPU where others encode for it."""
    return None if settings.spread else settings.device


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
