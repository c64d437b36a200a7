"""Small catalogs with real files for the reports."""

from collections.abc import Callable, Mapping
from hashlib import blake2b
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest
from PIL import Image

from vdata_assets.catalog.schema import Categories, Images

BLUE = (0, 0, 200)


@pytest.fixture
def catalog(tmp_path: Path) -> Callable[..., SimpleNamespace]:
    """Write 60 x 40 JPEG files and return their root and the catalog's two tables.

    Called with ``{category: {concept: number of images}}``. Partitions are ``p0``, ``p1``, ...; of each
    concept the first image is train, the others test; those listed in ``unreadable`` have a reason.
    """

    def build(tree: Mapping[str, Mapping[str, int]], unreadable: tuple[str, ...] = ()) -> SimpleNamespace:
        root = tmp_path / "raw"
        rows = []
        for number, (category, concepts) in enumerate(tree.items()):
            for concept, images in concepts.items():
                for view in range(images):
                    path = f"{number}/{len(rows):04d}.jpg"
                    (root / path).parent.mkdir(parents=True, exist_ok=True)
                    Image.new("RGB", (60, 40), BLUE).save(root / path)
                    bad = f"{category}/{concept}/{view}" in unreadable
                    rows.append(
                        {
                            "image_id": blake2b(path.encode(), digest_size=16).hexdigest(),
                            "path": path,
                            "category": category,
                            "concept": concept,
                            "partition": f"p{number}",
                            "split": "test" if view else "train",
                            "content_hash": "0" * 32,
                            "width": None if bad else 60,
                            "height": None if bad else 40,
                            "format": None if bad else "JPEG",
                            "bytes": 100,
                            "reason": "image file is truncated" if bad else None,
                        }
                    )
        categories = [
            {
                "partition": f"p{number}",
                "category": category,
                "concepts": len(concepts),
                "images": sum(concepts.values()),
            }
            for number, (category, concepts) in enumerate(tree.items())
        ]
        return SimpleNamespace(
            root=root,
            images=Images.validate(pl.DataFrame(rows, schema=Images.create_empty().schema), cast=True),
            categories=Categories.validate(
                pl.DataFrame(categories, schema=Categories.create_empty().schema), cast=True
            ),
        )

    return build
