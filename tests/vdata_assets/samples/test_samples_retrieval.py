import numpy as np
import polars as pl

from vdata_resources.encoders.descriptor import DescriptorEncoder

LEAST_OVER_CHANCE, MOST = 3.0, 0.99


def test_concepts_are_found_far_above_chance_and_not_always(shelf):
    """Leave one out: the nearest other image of the category is of the same concept."""
    encoder = DescriptorEncoder()
    vectors = np.zeros((shelf.truth.height, encoder.dim), np.float32)
    paths = [shelf.root / path for path in shelf.truth["path"]]
    for batch in encoder.encode_images(paths, inspect=lambda image: None):
        vectors[batch.indices] = batch.vectors
    rows = []
    for (category,), images in shelf.truth.with_row_index().group_by("category", maintain_order=True):
        own, concepts = vectors[images["index"].to_numpy()], images["concept"].to_numpy()
        similarity = own @ own.T
        np.fill_diagonal(similarity, -np.inf)
        right = concepts[similarity.argmax(axis=1)] == concepts
        same = (concepts[:, None] == concepts).sum(axis=1) - 1
        rows.append((category, right.mean(), (same / (len(own) - 1)).mean()))
    table = pl.DataFrame(rows, schema=["category", "accuracy", "chance"], orient="row")
    accuracy, chance = table["accuracy"].mean(), table["chance"].mean()
    said = f"accuracy {accuracy:.3f}, chance {chance:.3f}, {accuracy / chance:.1f} times chance\n{table}"
    assert accuracy > LEAST_OVER_CHANCE * chance, said
    assert table.filter(pl.col("accuracy") < 2 * pl.col("chance")).is_empty(), said
    assert accuracy < MOST, f"too easy: {said}"
    print(said)
