"""What the UI knows about a dataset, asked over its GraphQL."""

import json
import urllib.request
from dataclasses import dataclass

from waiting import PATIENCE_SECONDS, wait_for


@dataclass(frozen=True)
class Ui:
    """A served UI.

    Attributes:
        address: where it is.
        dataset: the one that is asked about.
    """

    address: str
    dataset: str

    @property
    def graph(self) -> str:
        """The page of the dataset's graph."""
        return f"{self.address}/locations/vdata/asset-groups/{self.dataset.replace('-', '_')}"

    def graphql(self, query: str) -> dict:
        request = urllib.request.Request(
            f"{self.address}/graphql",
            json.dumps({"query": query}).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
            return json.load(answer)["data"]

    def asset(self, name: str, fields: str) -> dict:
        path = json.dumps([self.dataset, name])
        query = f"{{assetNodeOrError(assetKey: {{path: {path}}}) {{... on AssetNode {{{fields}}}}}}}"
        return self.graphql(query)["assetNodeOrError"]

    def materialized(self, asset: str) -> set[str]:
        """Partition keys of an asset that are materialized."""
        fields = "assetPartitionStatuses {... on DefaultPartitionStatuses {materializedPartitions}}"
        return set(self.asset(asset, fields)["assetPartitionStatuses"]["materializedPartitions"])

    def last_materialization(self, asset: str) -> str | None:
        found = self.asset(asset, "assetMaterializations(limit: 1) {timestamp}")["assetMaterializations"]
        return found[0]["timestamp"] if found else None

    def rows(self, asset: str) -> int | None:
        """Rows of an asset as its last materialization says."""
        fields = (
            "assetMaterializations(limit: 1) {metadataEntries {label ... on IntMetadataEntry {intValue}}}"
        )
        found = self.asset(asset, fields)["assetMaterializations"]
        entries = found[0]["metadataEntries"] if found else []
        return next((entry["intValue"] for entry in entries if entry["label"] == "dagster/row_count"), None)

    def run_statuses(self) -> list[str]:
        """Statuses of all runs, newest first."""
        runs = self.graphql("{runsOrError {... on Runs {results {status}}}}")["runsOrError"]
        return [run["status"] for run in runs["results"]]


def backfill_all(page, ui: Ui, partitions: int) -> None:
    """Materialize everything for all partitions, as a user does it.

    On a busy machine the dialog comes before it knows the partitions: "All" is then all of none.
    """
    page.goto(ui.graph)
    page.get_by_role("button", name="Materialize all").first.click()
    dialog = page.get_by_role("dialog")

    def chosen() -> bool:
        dialog.get_by_text("All", exact=True).click()
        page.wait_for_timeout(2000)
        return dialog.get_by_text(f"{partitions} partitions").count() > 0

    wait_for(chosen, f"{partitions} partitions to choose")
    dialog.get_by_role("button", name="Launch backfill").click()
    dialog.wait_for(state="hidden")
    leave(page)


def materialize(page, ui: Ui, asset: str) -> None:
    """Press the button on an asset's page; returns when it is made anew."""
    before = ui.last_materialization(asset)
    page.goto(f"{ui.address}/assets/{ui.dataset}/{asset}")
    page.get_by_role("button", name="Materialize").first.click()
    page.get_by_text("Launched run").first.wait_for()
    leave(page)
    wait_for(lambda: ui.last_materialization(asset) != before, asset)


def leave(page) -> None:
    """A page of the UI keeps a core busy with what goes on: to wait, look at nothing."""
    page.goto("about:blank")
