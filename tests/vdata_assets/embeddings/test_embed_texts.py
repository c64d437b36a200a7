"""Vectors of texts: equal texts once, known ones not at all, nothing made of nothing."""

import numpy as np
import polars as pl
import pytest

from vdata_assets.embeddings.embed_texts import embed_texts, text_vectors_unsound
from vdata_resources.encoders import HashedTextEncoder


class Counting(HashedTextEncoder):
    """Says what it was asked."""

    def __init__(self, dim: int = 32) -> None:
        super().__init__(dim)
        self.asked: list[str] = []

    def encode_texts(self, texts):
        self.asked += texts
        return super().encode_texts(texts)


def products(*texts: str | None) -> pl.DataFrame:
    return pl.DataFrame(
        {"product_id": [f"p{row}" for row in range(len(texts))], "text": texts},
        schema={"product_id": pl.String, "text": pl.String},
    )


def test_every_text_has_the_encoders_vector_in_the_order_of_the_products():
    encoder = HashedTextEncoder(32)
    table = embed_texts(products("red tee", "blue jeans"), encoder)
    assert table["product_id"].to_list() == ["p0", "p1"]
    np.testing.assert_array_equal(
        table["text_vector"].to_numpy(), encoder.encode_texts(["red tee", "blue jeans"])
    )


def test_equal_texts_are_encoded_once():
    encoder = Counting()
    table = embed_texts(products("red tee", "red tee", "blue"), encoder)
    assert encoder.asked == ["red tee", "blue"]
    assert table["text_vector"][0].to_list() == table["text_vector"][1].to_list()


@pytest.mark.parametrize("text", [None, "", "!!! ---"])
def test_a_text_that_says_nothing_has_no_vector(text):
    assert embed_texts(products(text, "tee"), HashedTextEncoder(32))["text_vector"].is_null().to_list() == [
        True,
        False,
    ]


def test_only_new_texts_are_encoded_where_there_is_a_previous_table(tmp_path):
    embed_texts(products("red tee", None), HashedTextEncoder(32)).write_parquet(tmp_path / "old.parquet")
    encoder = Counting()
    table = embed_texts(products("blue", "red tee"), encoder, tmp_path / "old.parquet")
    assert encoder.asked == ["blue"]
    assert table.equals(embed_texts(products("blue", "red tee"), HashedTextEncoder(32)))


def test_vectors_of_another_encoder_are_not_reused(tmp_path):
    embed_texts(products("red tee"), HashedTextEncoder(16)).write_parquet(tmp_path / "old.parquet")
    encoder = Counting()
    embed_texts(products("red tee"), encoder, tmp_path / "old.parquet")
    assert encoder.asked == ["red tee"]


def test_no_products_give_an_empty_table():
    assert embed_texts(products(), HashedTextEncoder(32)).height == 0


def test_vectors_that_are_not_of_length_1_are_named():
    table = embed_texts(products("tee", "jeans", None), HashedTextEncoder(4))
    vectors = table["text_vector"].to_list()
    vectors[1] = [2.0, 0, 0, 0]
    broken = table.with_columns(text_vector=pl.Series(vectors, dtype=pl.Array(pl.Float32, 4)))
    assert text_vectors_unsound(table) == []
    assert text_vectors_unsound(broken) == ["p1"]
