"""``python -m vdata_assets.samples --root PATH``: draw the sample images, exports, tabletops, garments or
classes.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl

from vdata_assets.samples.classes import write_class_images
from vdata_assets.samples.concepts import DEMO_SEED, write_concept_images
from vdata_assets.samples.exports import write_export_samples
from vdata_assets.samples.garments import write_garment_samples
from vdata_assets.samples.tabletops import write_tabletop_samples


def main() -> None:
    """Draw the samples, and say what was drawn."""
    parser = argparse.ArgumentParser(prog="python -m vdata_assets.samples", description=main.__doc__)
    parser.add_argument("--root", type=Path, required=True, help="folder to make; must not exist or be empty")
    parser.add_argument(
        "--kind",
        choices=["concepts", "exports", "tabletops", "garments", "classes"],
        default="concepts",
        help="concepts: photos of products by category; exports: ZIPs of annotated frames, for an inbox; "
        "tabletops: photos of several things each, for the data engine; garments: a shop's pictures with a "
        "table of texts; classes: photos in folders by class, of very unequal size (default: %(default)s)",
    )
    parser.add_argument("--seed", type=int, default=DEMO_SEED, help="of all choices (default: %(default)s)")
    parser.add_argument("--flaws", action="store_true", help="put in a few defects for the audits to report")
    options = parser.parse_args()

    def say(line: str) -> None:
        sys.stderr.write(f"{line}\n")

    writers: dict[str, Callable[..., pl.DataFrame]] = {
        "concepts": write_concept_images,
        "exports": write_export_samples,
        "tabletops": write_tabletop_samples,
        "classes": write_class_images,
        "garments": write_garment_samples,
    }
    try:
        truth = writers[options.kind](options.root, seed=options.seed, flaws=options.flaws, log=say)
    except FileExistsError as error:
        parser.error(str(error))
    match options.kind:
        case "concepts":
            drawn = f"{truth.height} images of {truth.n_unique(['category', 'concept'])} concepts"
        case "exports":
            frames = truth.n_unique(["export", "frame_index"])
            drawn = f"{truth['export'].n_unique()} exports of {frames} frames"
        case "classes":
            drawn = f"{truth.height} images of {truth['class'].n_unique()} classes"
        case "garments":
            drawn = f"{truth.height} rows of {truth['article'].n_unique()} garments"
        case _:
            drawn = f"{truth['path'].n_unique()} images of {truth['object'].count()} things"
    sys.stdout.write(f"{options.root}: {drawn}\n")


if __name__ == "__main__":
    main()
