"""The data engine's two models, as its assets use them: built once a process, when first needed."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from vdata_assets.dataengine.settings import PromptSettings
from vdata_assets.workflows.model_session import ModelSession, model_session
from vdata_assets.workflows.model_settings import LanguageModelSettings, RulesSettings, SegmenterSettings
from vdata_assets.workflows.recipe import Step
from vdata_assets.workflows.tables import as_markdown

if TYPE_CHECKING:
    from vdata_assets.dataengine.annotator import Annotator
    from vdata_resources.segmenters.protocol import Segmenter


@dataclass(frozen=True)
class Engine:
    """Who looks at pictures, and who segments them.

    Attributes:
        language_model: settings of who looks.
        segmenter: settings of who segments.
    """

    language_model: LanguageModelSettings
    segmenter: SegmenterSettings

    def session(self, step: Step) -> ModelSession:
        """The language model's session, shared by all steps of a process."""
        return model_session(self.language_model, step.store.root, step.credentials)

    def annotator(self, step: Step) -> "Annotator":
        """Who names, judges and writes.

        Raises:
            ModelUnavailable: the model cannot work here.
        """
        session = self.session(step)
        if session.questioner is None:
            from vdata_assets.dataengine.rules.annotator import RuleAnnotator

            return RuleAnnotator()
        from vdata_assets.dataengine.model_annotator import ModelAnnotator

        return ModelAnnotator(session.questioner, session.identity)

    def load_segmenter(self) -> "Segmenter":
        """The segmenter, once a process."""
        return _segmenter(self.segmenter)

    def estimate(
        self, pictures: int, prompting: PromptSettings, log: Callable[[str], object]
    ) -> dict[str, str]:
        """What some pictures will cost, before anything is asked; nothing for the embedded writer."""
        if isinstance(self.language_model, RulesSettings):
            return {}
        from vdata_assets.dataengine.model_costs import expected_calls
        from vdata_resources.language.costs import Prices, estimated_cost

        prices = Prices(self.language_model.input_usd_per_million, self.language_model.output_usd_per_million)
        table = estimated_cost(expected_calls(pictures, negatives=prompting.negatives), prices)
        log(f"estimate for {pictures} images: {table['calls'].sum()} calls, {table['usd'].sum():.2f} USD")
        return {"table of expected costs": as_markdown(table)}


@cache
def _segmenter(settings: SegmenterSettings) -> "Segmenter":
    return settings.build()
