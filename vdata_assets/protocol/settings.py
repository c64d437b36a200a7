"""Settings of the protocol stage. Light to import: they are read when the code location loads.

Each can be varied by a grid of ablations: a weight of 0 takes its part out.
"""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from vdata_resources.devices import Device


class ProtocolSettings(BaseModel):
    """How the projections and heads over the frozen encoder are trained."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    projection_dim: int | None = Field(
        None, ge=2, description="length of a projected vector; null: the encoder's, starting as the identity"
    )
    epochs: int = Field(10, ge=1)
    batch_size: int = Field(64, ge=2, description="positive pairs a step, each with its labelled negatives")
    lr: float = Field(1e-4, gt=0, description="peak learning rate of AdamW")
    weight_decay: float = Field(0.01, ge=0)
    warmup_share: float = Field(0.05, ge=0, lt=1, description="share of the steps over which lr rises")
    temperature: float = Field(0.07, gt=0, description="of InfoNCE")
    negatives_per_pair: int = Field(
        2, ge=0, description="labelled negatives of the anchor that a step adds to the batch's own"
    )
    strong_weight: float = Field(1.0, ge=0, description="weight of strong positives in the loss")
    medium_weight: float = Field(0.6, ge=0)
    weak_weight: float = Field(0.3, ge=0)
    text_weight: float = Field(
        0.5, ge=0, description="weight of InfoNCE between texts, beside 1 between images; 0: texts stay"
    )
    head_weight: float = Field(0.5, ge=0, description="weight of the attributes' cross-entropies; 0: none")
    anchor_weight: float = Field(
        0.1,
        ge=0,
        description="weight of the mean squared distance between projected and frozen vectors; 0: none",
    )
    balance: float = Field(
        0.5,
        ge=0,
        le=1,
        description="how far rare categories and values are drawn more often: 0 as they come, 1 all equally",
    )
    balance_attribute: str = Field("material", description="attribute whose rare values are drawn more often")
    validation_queries: int = Field(
        1000, ge=1, description="validation products by which the best epoch is chosen, at most"
    )
    device: Device = Field("auto", description="auto: cuda where there is one")
    seed: int = 42

    @model_validator(mode="after")
    def _an_anchor_needs_equal_lengths(self) -> Self:
        if self.anchor_weight and self.projection_dim is not None:
            raise ValueError(
                f"anchor_weight is {self.anchor_weight} and projection_dim {self.projection_dim}: vectors of "
                "other lengths have no distance; set anchor_weight to 0 or projection_dim to null"
            )
        return self
