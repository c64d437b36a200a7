"""When assets follow by themselves, once the automation sensor is turned on: only those that are cheap."""

from typing import Protocol

import dagster as dg

FOLLOWS = dg.AutomationCondition.eager()

# A rejected partition must not hold up the others: the fan-in says which are missing.
FOLLOWS_ANY = FOLLOWS.without(~dg.AutomationCondition.any_deps_missing())

# Models that come with this project: seconds of one core, no weights, no GPU, no money.
EMBEDDED = frozenset({"descriptor", "rules", "classical"})


class ModelSettings(Protocol):
    """Settings that choose a model by its ``type``."""

    @property
    def type(self) -> str:
        """Name of the kind of model."""
        ...


def follows_if_embedded(*models: ModelSettings) -> dg.AutomationCondition | None:
    """FOLLOWS if all that the asset asks are embedded models; else None.

    Nothing that takes a GPU, is paid by the call or trains is ever started by itself.
    """
    return FOLLOWS if all(model.type in EMBEDDED for model in models) else None
