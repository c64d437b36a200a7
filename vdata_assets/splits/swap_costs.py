"""What swapping a group with each of others changes: the inner loop of the splitter, compiled.

Sums are added in the order of numpy's pairwise summation (Higham, "The Accuracy of Floating Point Summation",
SIAM J. Sci. Comput. 14(4), 1993), so equal costs stay equal to the last bit, whoever adds them.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

BLOCK = 128
LANES = 8


@njit(cache=True, nogil=True)
def swap_costs(
    row: NDArray[np.float64],
    others: NDArray[np.float64],
    source: int,
    splits: NDArray[np.int64],
    weight: NDArray[np.float64],
    off: NDArray[np.float64],
) -> NDArray[np.float64]:
    """By how much the weighted squares rise if a group changes places with each of others.

    Args:
        row: samples of the group by column.
        others: the same of every other group.
        source: split of the group.
        splits: of the others; those in ``source`` cost infinitely much.
        weight: splits x columns.
        off: splits x columns, samples above what is wanted.
    """
    costs = np.full(len(others), np.inf)
    terms = np.empty(len(row))
    here_weight, here_off = weight[source], off[source]
    for other in range(len(others)):
        target = splits[other]
        if target == source:
            continue
        there_weight, there_off, members = weight[target], off[target], others[other]
        for column in range(len(row)):
            change = row[column] - members[column]
            here = here_weight[column] * (change - 2 * here_off[column]) * change
            there = there_weight[column] * (change + 2 * there_off[column]) * change
            terms[column] = here + there
        costs[other] = pairwise_sum(terms)
    return costs


@njit(cache=True, nogil=True)
def pairwise_sum(terms: NDArray[np.float64]) -> float:
    """The sum as numpy adds up a contiguous array; the array is used up."""
    number = len(terms)
    if number > BLOCK:
        half = number // 2
        half -= half % LANES
        return pairwise_sum(terms[:half]) + pairwise_sum(terms[half:])
    total = 0.0
    whole = number - number % LANES
    if whole:
        for start in range(LANES, whole, LANES):
            for lane in range(LANES):
                terms[lane] += terms[start + lane]
        left = (terms[0] + terms[1]) + (terms[2] + terms[3])
        total = left + ((terms[4] + terms[5]) + (terms[6] + terms[7]))
    for place in range(whole, number):
        total += terms[place]
    return total
