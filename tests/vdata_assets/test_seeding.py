"""Random choices depend on seed, purpose and keys alone."""

import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from vdata_assets.seeding import seeded_int, seeded_ints, seeded_order, seeded_uniform

KEYS = st.lists(st.text(max_size=12), max_size=30, unique=True)


def test_known_value_never_changes():
    assert seeded_int(23, "concept-split", "pet animal", "dog") == 3152320977066856566


def test_parts_are_not_confused_with_each_other():
    assert seeded_int(1, "a", "bc") != seeded_int(1, "ab", "c")


def test_same_number_whatever_the_hash_seed():
    code = "from vdata_assets.seeding import seeded_int; print(seeded_int(23, 'p', 'naïve', 'b'))"
    numbers = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "random")
    }
    assert numbers == {f"{seeded_int(23, 'p', 'naïve', 'b')}\n"}


@given(st.integers(), st.text(), KEYS)
def test_many_are_those_of_one_each(seed, purpose, ids):
    expected = [seeded_int(seed, purpose, key) for key in ids]
    assert seeded_ints(seed, purpose, ids).tolist() == expected


@given(KEYS, st.text(max_size=12))
def test_adding_an_id_keeps_the_order_of_the_others(ids, new):
    grown = seeded_order(7, "order", {*ids, new})
    assert [key for key in grown if key in ids] == seeded_order(7, "order", ids)


@given(st.integers(), st.text())
def test_uniform_is_in_the_unit_interval(seed, key):
    assert 0 <= seeded_uniform(seed, "coin", key) < 1


def test_uniform_is_uniform():
    draws = [seeded_uniform(3, "coin", str(number)) for number in range(4000)]
    assert abs(sum(draws) / len(draws) - 0.5) < 0.02
