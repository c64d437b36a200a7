"""Nothing that takes a GPU, is paid by the call or trains is ever started by itself.

The lists are whole: an asset that is new stands in none of them until somebody has decided.
"""

from pathlib import Path

import dagster as dg
import pytest

from vdata_assets.workflows import (
    AnnotationDataset,
    AttributeRetrieval,
    ClassConversations,
    ConceptRetrieval,
    ConversationalSegmentation,
)
from vdata_assets.workflows.automation import FOLLOWS, follows_if_embedded
from vdata_assets.workflows.dataset import Dataset
from vdata_assets.workflows.full_audit import full_audit
from vdata_assets.workflows.publish import published_asset
from vdata_assets.workflows.recipe import Built, Recipe, Step

CLIP = {"encoder": {"type": "open_clip"}}
GEMINI = {"language_model": {"type": "gemini"}}
SAM = {"segmenter": {"type": "sam2", "checkpoint": "/sam2.pt"}}
# What a person starts in any case: it brings raw files in, or trains.
BY_HAND = {
    AnnotationDataset: {"inbox", "export"},
    AttributeRetrieval: {"protocol_model"},
    ClassConversations: set(),
    ConceptRetrieval: set(),
    ConversationalSegmentation: {"images", "imported_runs"},
}
# What a person starts as well, with models that cost.
COSTLY = [
    pytest.param(AttributeRetrieval, CLIP, {"catalog_embeddings"}, id="CLIP embeds a catalog"),
    pytest.param(ClassConversations, CLIP, {"look_alikes"}, id="CLIP finds look-alikes"),
    pytest.param(ConceptRetrieval, CLIP, {"embeddings"}, id="CLIP embeds photos"),
    pytest.param(ConceptRetrieval, GEMINI, {"concept_definitions"}, id="a paid model defines"),
    pytest.param(ConversationalSegmentation, SAM, {"regions"}, id="SAM2 segments"),
    pytest.param(ConversationalSegmentation, GEMINI, {"regions", "prompts"}, id="a paid model looks"),
]
NEEDED = {
    ClassConversations: {"conversations": {"negative_share": 0.2}},
    ConversationalSegmentation: {"runs_root": "runs"},
}


def unasked(component: type, **settings) -> tuple[set[str], set[str]]:
    """Names of the assets that follow by themselves, and of those that never do."""
    made = component.model_validate(
        {"root": "raw", **NEEDED.get(component, {}), "formats": ["llava"], **settings}
    )
    dataset = made.dataset("data", Path("/"))
    defs = dg.Definitions.merge(made.definitions(dataset), full_audit(dataset))
    published = [one for one in defs.assets if isinstance(one, dg.AssetsDefinition) and one.is_materializable]
    specs = [spec for asset in published for spec in asset.specs]
    follows = {spec.key.path[-1] for spec in specs if spec.automation_condition is not None}
    return follows, {spec.key.path[-1] for spec in specs} - follows


@pytest.mark.parametrize("component", BY_HAND, ids=lambda component: component.__name__)
def test_with_the_embedded_models_all_follows_but_what_a_person_starts(component):
    assert unasked(component)[1] == {*BY_HAND[component], "full_audit"}


@pytest.mark.parametrize(("component", "settings", "costly"), COSTLY)
def test_what_costs_is_started_by_a_person(component, settings, costly):
    assert unasked(component, **settings)[1] == {*BY_HAND[component], "full_audit", *costly}


def test_an_asset_that_may_take_a_gpu_cannot_have_a_condition():
    def build(step: Step, out: Path) -> Built:
        return Built([])

    recipe = Recipe(lambda step: {}, build, None, "1", checks=())
    with pytest.raises(ValueError, match="data/vectors may take a GPU: no automation condition may start it"):
        published_asset(
            Dataset("data", Path("/")),
            "vectors",
            recipe,
            deps=[],
            kinds=set(),
            device="auto",
            automation=FOLLOWS,
        )


def test_a_model_of_an_unknown_type_costs():
    class NewModel:
        type = "new"

    assert follows_if_embedded() is FOLLOWS
    assert follows_if_embedded(NewModel()) is None
