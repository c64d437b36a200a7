"""How many pairs of each kind a split shall have."""

from fractions import Fraction
from math import floor

from vdata_assets.pairs.settings import PairKind, PairSettings


def quotas(settings: PairSettings, split: str) -> dict[PairKind, int]:
    """Pairs wanted of every kind, summing to ``num_pairs`` of the split; all 0 if it is not named there.

    By largest remainder, the earlier kind on a tie. Shares are taken as the decimals that the user wrote, and
    relative to their sum.
    """
    wanted = settings.num_pairs.get(split, 0)
    written = {kind: Fraction(str(settings.shares.get(kind, 0.0))) for kind in PairKind}
    total = sum(written.values(), Fraction(0))
    exact = {kind: share / total * wanted for kind, share in written.items()}
    counts = {kind: floor(share) for kind, share in exact.items()}
    by_remainder = sorted(PairKind, key=lambda kind: counts[kind] - exact[kind])
    for kind in by_remainder[: wanted - sum(counts.values())]:
        counts[kind] += 1
    return counts
