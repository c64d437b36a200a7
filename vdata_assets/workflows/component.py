"""What every workflow's component has: where the raw data is, who owns it, how strict its audits are."""

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import dagster as dg
from dagster.components.resolved.scopes import LoadContextScope
from pydantic import BaseModel, Field, field_validator

from vdata_assets.formats.export_checks import EXPORT_CHECKS
from vdata_assets.formats.export_settings import FormatList
from vdata_assets.quality.findings import Check, Status
from vdata_assets.workflows.cadence import ScheduleSettings
from vdata_assets.workflows.dataset import Dataset
from vdata_assets.workflows.freshness import FreshnessSettings, with_freshness
from vdata_assets.workflows.full_audit import FULL_AUDIT_CHECKS, full_audit
from vdata_assets.workflows.json_schema import precise
from vdata_assets.workflows.resources import vdata_home
from vdata_assets.workflows.scaffold import DatasetScaffolder


@dg.scaffold_with(DatasetScaffolder)
class DatasetComponent(dg.Component, dg.Model):
    """A dataset described in one YAML file; the folder of its defs.yaml names it.

    The component is its own pydantic model instead of a ``dg.Resolvable``: the model that Dagster derives
    lets every field be a template string, so an error could only say "not valid under any of the given
    schemas". Templates are rendered in ``root`` alone.
    """

    CHECKS: ClassVar[tuple[Check, ...]] = ()
    DIMENSION: ClassVar[str] = "category"

    root: str = Field(
        min_length=1,
        description="Folder of the raw data. Relative paths start at the project's folder. "
        "Templates: {{ env.NAME }}, {{ context.project_root }}, {{ vdata_home }}.",
    )
    owners: list[str] = Field(default=[], description="Emails or team:names, shown in the UI.")
    backfill: Literal["one_run", "run_per_partition"] = Field(
        default="one_run",
        description="A backfill of many partitions is one run that loads a model once, or one run each "
        "(for Slurm, Ray, several machines).",
    )
    audits: dict[str, Literal["WARNING", "FAILED"]] = Field(
        default={},
        description="Check name: WARNING publishes and shows a hit, FAILED publishes nothing. "
        "Only what differs from the documented default need be named.",
    )

    formats: FormatList = Field(
        default=(),
        description="Formats that the asset `exports` writes for trainers: names, or {format: name} with "
        "options. None: there is no such asset.",
    )
    step_tags: dict[str, dict[str, str]] = Field(
        default={},
        description="Asset name: tags of its steps, which executors read: `slurm/mem: 64G`, "
        "`vdata/gpus: '2'`.",
    )
    schedules: ScheduleSettings = ScheduleSettings()
    freshness: FreshnessSettings | None = Field(
        default=None, description="How old the results may become before the UI says so. None: any age."
    )
    license: str | None = Field(
        default=None, description="Licence of the data for the cards of exports, as the Hub names it."
    )

    @classmethod
    def check_names(cls) -> list[str]:
        """Names of all checks, in order; a name that several assets have stands for the check of each."""
        return sorted({check.name for check in (*cls.CHECKS, *EXPORT_CHECKS, *FULL_AUDIT_CHECKS)})

    @field_validator("audits")
    @classmethod
    def _audits_exist(cls, audits: dict[str, str]) -> dict[str, str]:
        names = cls.check_names()
        if unknown := sorted(set(audits) - set(names)):
            raise ValueError(f"no such check: {', '.join(unknown)}; allowed are {', '.join(names)}")
        return audits

    @field_validator("step_tags")
    @classmethod
    def _executors_take_the_tags(cls, step_tags: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
        from vdata_resources.executors.ray_executor import Request, requested
        from vdata_resources.executors.slurm_options import sbatch_options

        for asset, tags in step_tags.items():
            try:
                sbatch_options({}, None, tags)
                requested(tags, Request())
            except ValueError as wrong:
                raise ValueError(f"{asset}: {wrong}") from wrong
        return step_tags

    @classmethod
    def get_model_cls(cls) -> type[BaseModel]:
        """The component itself is the shape of its YAML."""
        return cls

    @classmethod
    def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """The JSON schema, arranged so that `dg check yaml` names field, value and what is allowed."""
        schema = super().model_json_schema(*args, **kwargs)
        schema["properties"]["audits"]["propertyNames"] = {"enum": cls.check_names()}
        return precise(schema)

    @classmethod
    def load(cls, attributes: BaseModel | None, context: dg.ComponentLoadContext) -> Self:
        """The component as its defs.yaml describes it, templates in ``root`` rendered."""
        if not isinstance(attributes, cls):
            raise dg.DagsterInvalidDefinitionError(f"{context.path}: `attributes` with a `root` are required")
        scope = {"context": LoadContextScope(context), "vdata_home": vdata_home(context.project_root)}
        resolution = context.with_rendering_scope(scope).resolution_context.at_path("attributes")
        return attributes.model_copy(update={"root": resolution.resolve_value(attributes.root, as_type=str)})

    def usual_levels(self) -> Mapping[str, Status]:
        """Levels that another setting than ``audits`` changes, which has the last word."""
        return {}

    @abstractmethod
    def definitions(self, dataset: Dataset) -> dg.Definitions:
        """All that a dataset of this workflow consists of."""

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """The definitions of the dataset that the defs folder names."""
        name = context.path.name if context.path.is_dir() else context.path.parent.name
        dataset = self.dataset(name, context.project_root)
        defs = self.definitions(dataset)
        try:
            self.check_tagged_assets(defs)
            fresh = with_freshness(defs, self.freshness)
        except ValueError as unknown_asset:
            raise dg.DagsterInvalidDefinitionError(f"{context.path}: {unknown_asset}") from unknown_asset
        return dg.Definitions.merge(fresh, full_audit(dataset))

    def check_tagged_assets(self, defs: dg.Definitions) -> None:
        """Raise ValueError if ``step_tags`` names what is no asset of the dataset."""
        assets = {key.path[-1] for asset in defs.assets or () for key in _keys(asset)}
        if unknown := sorted(set(self.step_tags) - assets):
            raise ValueError(
                f"step_tags: no such asset: {', '.join(unknown)}; allowed are {', '.join(sorted(assets))}"
            )

    def dataset(self, name: str, project: Path) -> Dataset:
        """What the assets of the dataset share.

        Args:
            name: prefix of its asset keys and its folder in the store.
            project: folder that a relative root starts at.
        """
        return Dataset(
            name=name,
            root=Path(project, self.root),
            levels={**self.usual_levels(), **{name: Status(level) for name, level in self.audits.items()}},
            owners=tuple(self.owners),
            one_run=self.backfill == "one_run",
            dimension=self.DIMENSION,
            step_tags=self.step_tags,
            schedules=self.schedules,
            license=self.license,
        )


def _keys(asset: object) -> Iterable[dg.AssetKey]:
    if isinstance(asset, dg.AssetsDefinition):
        return asset.keys
    return [asset.key] if isinstance(asset, dg.SourceAsset | dg.AssetSpec) else []
