"""``python -m vdata_assets.samples --root PATH``: draw the sample images."""

import argparse
import sys
from pathlib import Path

from vdata_assets.samples.concepts import DEMO_SEED, write_concept_images


def main() -> None:
    """Draw the sample images, and say what was drawn."""
    parser = argparse.ArgumentParser(prog="python -m vdata_assets.samples", description=main.__doc__)
    parser.add_argument("--root", type=Path, required=True, help="folder to make; must not exist or be empty")
    parser.add_argument("--seed", type=int, default=DEMO_SEED, help="of all choices (default: %(default)s)")
    parser.add_argument("--flaws", action="store_true", help="put in a few defects for the audits to report")
    options = parser.parse_args()

    def say(line: str) -> None:
        sys.stderr.write(f"{line}\n")

    try:
        truth = write_concept_images(options.root, seed=options.seed, flaws=options.flaws, log=say)
    except FileExistsError as error:
        parser.error(str(error))
    concepts = truth.n_unique(["category", "concept"])
    sys.stdout.write(f"{options.root}: {truth.height} images of {concepts} concepts\n")


if __name__ == "__main__":
    main()
