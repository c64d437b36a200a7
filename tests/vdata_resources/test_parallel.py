"""Ordered results, bounded memory, errors that reach the reader."""

import threading
import time

import pytest

from vdata_resources.parallel import ordered_map


@pytest.mark.parametrize("workers", [1, 2, 5, None])
def test_results_come_in_order(workers):
    def slow_first(number):
        time.sleep(0.02 if number % 5 == 0 else 0)
        return number * 2

    assert list(ordered_map(slow_first, range(50), workers, ahead=7)) == [2 * n for n in range(50)]


def test_no_more_than_asked_is_computed_ahead():
    read = []

    def items():
        for number in range(1000):
            read.append(number)
            yield number

    results = ordered_map(lambda number: number, items(), workers=2, ahead=4)
    assert next(results) == 0
    assert len(read) == 5
    results.close()
    assert len(read) == 5


def test_an_exception_reaches_the_reader_and_the_threads_end():
    def fail_at_three(number):
        if number == 3:
            raise KeyError(number)
        return number

    before = threading.active_count()
    with pytest.raises(KeyError):
        list(ordered_map(fail_at_three, range(100), workers=2))
    assert threading.active_count() == before


def test_no_workers_are_refused():
    with pytest.raises(ValueError, match="workers: 0 is not a positive number of threads"):
        list(ordered_map(str, [1], workers=0))


@pytest.mark.parametrize(("chunk", "ahead", "read_first"), [(1, 4, 4), (3, 4, 6), (5, 2, 5), (100, 4, 100)])
def test_chunks_change_neither_results_nor_order(chunk, ahead, read_first):
    read = []

    def items():
        for number in range(103):
            read.append(number)
            yield number

    results = ordered_map(str, items(), 2, ahead, chunk)
    first = next(results)
    assert len(read) == min(103, read_first + chunk)
    assert [first, *results] == [str(number) for number in range(103)]


def test_no_chunks_are_refused():
    with pytest.raises(ValueError, match="chunk: 0 is not a positive number of items"):
        list(ordered_map(str, [1], chunk=0))
