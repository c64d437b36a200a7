"""Groups to splits: sizes and class shares as near to the wanted ones as whole groups allow.

The order is that of iterative stratification (Sechidis, Tsoumakas, Vlahavas, "On the Stratification of
Multi-label Data", ECML PKDD 2011): the class that is in the fewest groups left goes first. A group goes where
it leaves the least Pearson chi-square of the table of splits by classes against the wanted one, which has one
more column for the sizes. Moves and swaps of groups then lower that figure, and groups of one sample make
the sizes exact. Work is nearly linear in groups for a given number of classes; swaps are bounded in number.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

EPSILON = 1e-9
ROUNDS = 5
# Bounds of the swaps tried in a round, which make their time independent of the number of groups.
SWAP_GROUPS = 600
SWAP_PARTNERS = 128
SWAP_CELLS = 20_000_000


def assign_groups(
    members: Any,
    ratios: "NDArray[np.float64]",
    sizes: "NDArray[np.float64]",
    held: "NDArray[np.float64]",
    draws: "NDArray[np.uint64]",
) -> "NDArray[np.int64]":
    """Choose a split for every group.

    No split is left empty if there is a group to give it without emptying another. If every group has one
    sample and none is held, sizes are met exactly.

    Args:
        members: sparse array, groups x (classes + 1): samples of the group that show the class; the last
            column is the group's size.
        ratios: of the splits, all above 0.
        sizes: samples wanted in each split.
        held: splits x (classes + 1), samples that are there already and stay.
        draws: a seeded number for each group, which decides among equals.

    Returns:
        Index of the split of each group.
    """
    import numpy as np

    if not members.shape[0]:
        return np.empty(0, dtype=np.int64)
    state = _Assignment(members, ratios, sizes, held, draws)
    for group in state.rarest_first():
        state.put(group, int(np.argmin(state.put_costs(group))))
    state.fill_empty()
    for _ in range(ROUNDS):
        moved = state.move_better()
        if not state.swap_better() and not moved:
            break
    state.finish_sizes()
    state.swap_better(equal_sizes=True)
    return state.split


class _Assignment:
    """Groups, where they are, and how far the table of splits by classes is from the wanted one."""

    def __init__(
        self,
        members: Any,
        ratios: "NDArray[np.float64]",
        sizes: "NDArray[np.float64]",
        held: "NDArray[np.float64]",
        draws: "NDArray[np.uint64]",
    ) -> None:
        import numpy as np

        self.members = members.tocsr().astype(np.float64)
        self.size = self.members[:, [-1]].toarray().ravel()
        totals = np.asarray(self.members.sum(axis=0)).ravel() + held.sum(axis=0)
        wanted = np.outer(ratios, totals)
        self.weight = 1 / np.maximum(wanted, EPSILON)
        wanted[:, -1] = sizes
        self.sizes = sizes
        self.off = held - wanted
        self.split = np.full(len(self.size), -1, dtype=np.int64)
        # Larger groups first, as they are harder to place; alike to a factor of two, the seed decides.
        self.order = np.lexsort((draws, -np.floor(np.log2(self.size))))
        self.next_swap = 0
        self.tried = 0  # groups, one after the other, of which no swap is better and since which none is put

    def filled(self) -> "NDArray[np.float64]":
        """Samples in each split."""
        filled: NDArray[np.float64] = self.off[:, -1] + self.sizes
        return filled

    def row(self, group: int) -> tuple["NDArray[np.int64]", "NDArray[np.float64]"]:
        """Columns of a group that are not zero, and their values."""
        span = slice(self.members.indptr[group], self.members.indptr[group + 1])
        return self.members.indices[span], self.members.data[span]

    def put_costs(self, group: int) -> "NDArray[np.float64]":
        """By how much the chi-square rises if the group is added to each split."""
        columns, values = self.row(group)
        costs: NDArray[np.float64] = (
            self.weight[:, columns] * (2 * self.off[:, columns] + values) * values
        ).sum(axis=1)
        return costs

    def put(self, group: int, split: int) -> None:
        """Add a group to a split, out of the one that it is in."""
        self.tried = 0
        columns, values = self.row(group)
        if self.split[group] >= 0:
            self.off[self.split[group], columns] -= values
        self.off[split, columns] += values
        self.split[group] = split

    def rarest_first(self) -> Iterator[int]:
        """All groups: those of the class that is in the fewest groups left, then the next class's."""
        import numpy as np

        position = np.argsort(self.order)
        by_class = self.members[:, :-1].tocsc()
        left = np.diff(by_class.indptr)
        waiting = np.ones(len(self.size), dtype=bool)
        while left.any():
            rarest = int(np.argmin(np.where(left > 0, left, np.iinfo(left.dtype).max)))
            groups = by_class.indices[by_class.indptr[rarest] : by_class.indptr[rarest + 1]]
            groups = groups[waiting[groups]]
            groups = groups[np.argsort(position[groups])]
            waiting[groups] = False
            left = left - np.bincount(self.members[groups].indices, minlength=len(left) + 1)[:-1]
            yield from groups.tolist()
        yield from self.order[waiting[self.order]].tolist()

    def move_costs(self) -> "NDArray[np.float64]":
        """Groups x splits: by how much a move there raises the chi-square; infinite if it empties a split."""
        import numpy as np

        rows = np.arange(len(self.size))
        linear = 2 * (self.members @ (self.weight * self.off).T)
        square = self.members.power(2) @ self.weight.T
        costs: NDArray[np.float64] = linear + square
        costs -= (linear - square)[rows, self.split][:, None]
        costs[rows, self.split] = 0
        costs[self.filled()[self.split] <= self.size] = np.inf
        return costs

    def fill_empty(self) -> None:
        """Give every empty split the group that costs least there and leaves its own split another."""
        import numpy as np

        for split in np.flatnonzero(self.filled() == 0).tolist():
            costs = self.move_costs()[:, split]
            best = self.order[np.argmin(costs[self.order])]
            if np.isfinite(costs[best]):
                self.put(int(best), split)

    def move_better(self) -> bool:
        """Move every group that is better elsewhere, the best move first. Whether any was."""
        import numpy as np

        costs = self.move_costs().min(axis=1)[self.order]
        moved = False
        for place in np.argsort(costs, kind="stable")[: np.count_nonzero(costs < -EPSILON)]:
            group = int(self.order[place])
            source = self.split[group]
            if self.filled()[source] <= self.size[group]:
                continue
            columns, values = self.row(group)
            change = self.put_costs(group)
            taken = self.weight[source, columns] * (values - 2 * self.off[source, columns]) * values
            change += taken.sum()
            change[source] = 0
            target = int(np.argmin(change))
            if change[target] < -EPSILON:
                self.put(group, target)
                moved = True
        return moved

    def swap_better(self, *, equal_sizes: bool = False) -> bool:
        """Try to swap each of the next groups in order with the best of those after it. Whether any was."""
        import numpy as np

        from vdata_assets.splits.swap_costs import swap_costs

        groups, columns = self.members.shape
        if groups < 2:
            return False
        window = min(SWAP_PARTNERS, groups - 1)
        tries = min(groups, SWAP_GROUPS, SWAP_CELLS // (SWAP_PARTNERS * columns) + 1)
        # The groups that are tried, and after them the partners of the last.
        near = self.order[(self.next_swap + np.arange(tries + window)) % groups]
        members = self.members[near].toarray()
        self.next_swap = (self.next_swap + tries) % groups
        swapped = False
        for place in range(tries):
            if self.tried >= groups:
                break
            self.tried += 1
            group = int(near[place])
            source = int(self.split[group])
            after = slice(place + 1, place + 1 + window)
            partners = near[after]
            splits = self.split[partners]
            if equal_sizes:
                splits[self.size[partners] != self.size[group]] = source
            costs = swap_costs(members[place], members[after], source, splits, self.weight, self.off)
            best = int(costs.argmin())
            if costs[best] < -EPSILON:
                self.put(group, int(splits[best]))
                self.put(int(partners[best]), source)
                swapped = True
        return swapped

    def finish_sizes(self) -> None:
        """Move groups of one sample out of splits that have too many, at the least cost, until none has."""
        import numpy as np

        while True:
            surplus = np.round(self.off[:, -1]).astype(int)
            full, short = surplus > 0, surplus < 0
            costs = self.move_costs()[self.order]
            costs[(self.size != 1)[self.order] | ~full[self.split[self.order]]] = np.inf
            costs[:, ~short] = np.inf
            cheapest = np.argsort(costs.min(axis=1), kind="stable")
            # A quarter at a time, as every move changes the costs of the others.
            batch = max(1, int(surplus[full].sum()) // 4)
            moved = False
            for place in cheapest[:batch].tolist():
                group, target = int(self.order[place]), int(np.argmin(costs[place]))
                source = self.split[group]
                if np.isfinite(costs[place, target]) and surplus[source] > 0 > surplus[target]:
                    surplus[source] -= 1
                    surplus[target] += 1
                    self.put(group, target)
                    moved = True
            if not moved:
                return
