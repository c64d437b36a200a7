"""What is built and shown of evaluations, hard negatives and pairs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vdata_assets.workflows import product_tables, tables
from vdata_assets.workflows.dataset import Dataset
from vdata_assets.workflows.recipe import Built, Table
from vdata_resources.store import Version

if TYPE_CHECKING:
    import polars as pl

    from vdata_assets.embeddings.product_vectors import ProductVectors
    from vdata_assets.evaluation.settings import EvaluationSettings
    from vdata_assets.reports.settings import GallerySettings


def evaluation_built(
    vectors: "ProductVectors", settings: "EvaluationSettings", out: Path, log: Callable[[str], object]
) -> Built:
    """Evaluate the queries' split against the catalog's splits, audit it and show its figures."""
    from vdata_assets.evaluation.evaluate import evaluate
    from vdata_assets.evaluation.evaluation_audit import audit_evaluation
    from vdata_assets.evaluation.schema import Metrics
    from vdata_assets.reports.evaluation_plots import metrics_markdown

    queries = vectors.of_splits([settings.query_split])
    catalog = vectors.of_splits(settings.catalog_splits)
    made = evaluate(queries, catalog, settings, out, log)
    return Built(
        audit_evaluation(made, queries, catalog, settings),
        figures={"queries": len(queries), "catalog": len(catalog), "encoder": vectors.encoder},
        pictures={"metrics": metrics_markdown(made.metrics)},
        table=tables.described(made.metrics, Metrics),
    )


def negatives_pictures(
    negatives: "pl.DataFrame", category: str, picture_of: Callable[[str], Path | None]
) -> dict[str, str]:
    """Some queries with their hardest negatives, and which attributes differ how often."""
    import polars as pl

    from vdata_assets.reports import markdown
    from vdata_assets.reports.embed import SHEET_BYTES, encoded
    from vdata_assets.reports.negatives_sheet import negatives_sheet

    if negatives.is_empty():
        return {}
    differing = (
        negatives["mismatches"].explode().value_counts(name="pairs").rename({"mismatches": "attribute"})
    )
    sheet = encoded(negatives_sheet(negatives, category, picture_of), SHEET_BYTES)
    return {
        "contact sheet": markdown.image(f"Hard negatives of {category}", sheet),
        "table of mismatches": tables.as_markdown(
            differing.sort(-pl.col("pairs").cast(pl.Int64), "attribute")
        ),
    }


def picture_lookup(products: Version, dataset: Dataset) -> Callable[[str], Path | None]:
    """Where the picture of a product is, by its id."""
    rows = product_tables.usable_products(products).select("product_id", "embedded", "picture")
    place = product_tables.picture_places(products, dataset.root)
    places = {product: (embedded, picture) for product, embedded, picture in rows.iter_rows()}
    return lambda product: place(*places[product]) if product in places else None


def kinds_table(pairs: "pl.DataFrame") -> str:
    """How many pairs there are of each kind and split."""
    import polars as pl

    counts = pairs.group_by("split", "kind").agg(pairs=pl.len(), positive=pl.col("label").sum())
    return tables.as_markdown(counts.sort("split", "kind"))


def mined_negatives(negatives: Sequence[Version]) -> "pl.DataFrame":
    """The hard negatives of all categories, as far as pairs are drawn from them."""
    import polars as pl

    from vdata_assets.pairs.schema import HardNegatives

    columns = ["query_id", "negative_id", "split", "category", "rank", "score"]
    files = [version.file("hard_negatives.parquet") for version in negatives]
    if not files:
        return HardNegatives.create_empty().select(columns)
    return pl.concat([pl.scan_parquet(file).select(columns) for file in files]).collect()


def verdicts(scoreboard: "pl.DataFrame") -> Mapping[str, int]:
    """How many figures have each verdict."""
    counts = scoreboard["verdict"].cast(str).value_counts(name="figures").sort("verdict")
    return dict(counts.iter_rows())


def validation_built(
    vectors: "ProductVectors",
    checkpoint: Path,
    settings: "EvaluationSettings",
    out: Path,
    log: Callable[[str], object],
) -> Built:
    """Evaluate the queries' split by the encoder and by a checkpoint, and say how far they are apart."""
    from vdata_assets.catalog.catalog_json import write_json
    from vdata_assets.evaluation.drift import audit_checkpoint, drift
    from vdata_assets.evaluation.evaluate import evaluate
    from vdata_assets.evaluation.schema import Metrics
    from vdata_assets.protocol.project import projected
    from vdata_assets.reports.evaluation_plots import metrics_markdown

    def sides(model: "ProductVectors") -> "tuple[ProductVectors, ProductVectors]":
        return model.of_splits([settings.query_split]), model.of_splits(settings.catalog_splits)

    old, new = sides(vectors), sides(projected(vectors, checkpoint))
    for name in ("baseline", "checkpoint"):
        (out / name).mkdir()
    before = evaluate(*old, settings, out / "baseline", log)
    after = evaluate(*new, settings, out / "checkpoint", log)
    drifted = drift(*old, *new, settings, hits=(before.hits, after.hits), log=log)
    write_json(out / "drift.json", asdict(drifted))
    return Built(
        audit_checkpoint(drifted, before, after, settings),
        figures={name: value for name, value in asdict(drifted).items() if value is not None},
        pictures={
            "metrics of the baseline": metrics_markdown(before.metrics),
            "metrics of the checkpoint": metrics_markdown(after.metrics),
        },
        table=tables.described(after.metrics, Metrics),
    )


def gallery_products(products: Version, attributes: Version, facets: Sequence[str]) -> "pl.DataFrame":
    """Text and facets of every usable product."""
    rows = product_tables.usable_products(products).select("product_id", "text", "category")
    known = tables.read(attributes.file("attributes.parquet")).select("product_id", *facets[1:])
    return rows.join(known, on="product_id", how="left", maintain_order="left")


def gallery_built(
    evaluation: Version,
    attributes: Version,
    products: Version,
    dataset: Dataset,
    settings: "GallerySettings",
    out: Path,
    log: Callable[[str], object],
) -> Built:
    """The page of queries and results, and a small sheet of it."""
    from vdata_assets.reports.gallery import FILE, audit_gallery, write_gallery
    from vdata_assets.reports.gallery_sheet import gallery_sheet

    facets = ["category", *product_tables.attribute_values(attributes)]
    per_query = tables.read(evaluation.file("per_query_results.parquet"))
    shown: dict[str, Any] = {
        "products": gallery_products(products, attributes, facets),
        "per_query": per_query,
        "picture_of": picture_lookup(products, dataset),
        "facets": facets,
        "title": f"Retrieval on {dataset.name}",
        "seed": settings.seed,
    }
    made = write_gallery(**shown, out=out, queries=settings.queries, log=log)
    return Built(
        audit_gallery(made, per_query, out),
        figures={"queries": len(made.drawn)},
        pictures={"gallery of queries": gallery_sheet(**shown)},
        table=Table(len(made.drawn), []),
        pages={"gallery": FILE},
    )
