"""Answers on disk: found by all they depend on, shared by processes, never lost."""

import multiprocessing
import re
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from language_fakes import QUESTION, question
from pydantic import BaseModel, Field

from vdata_resources.language.answer_cache import APPLICATION_ID, AnswerCache, CacheOverview, cache_key
from vdata_resources.language.protocol import Answer, Request, Usage

ANSWER = Answer('{"name": "stół\\u0000"}\n', Usage(1500, 20))


class OneField(BaseModel):
    name: str


class Described(BaseModel):
    name: str = Field(description="what it is called")


class ThisThenThat(BaseModel):
    this: str
    that: str


class ThatThenThis(BaseModel):
    that: str
    this: str


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(replace(QUESTION, prompt="region_captions@2"), id="prompt version"),
        pytest.param(replace(QUESTION, text="What is this"), id="text"),
        pytest.param(replace(QUESTION, images=(b"a",)), id="an image"),
        pytest.param(replace(QUESTION, images=(b"",)), id="an empty image"),
        pytest.param(replace(QUESTION, schema=OneField), id="schema"),
        pytest.param(replace(QUESTION, schema=Described), id="description of a field"),
        pytest.param(replace(QUESTION, temperature=0.5), id="temperature"),
        pytest.param(replace(QUESTION, max_output_tokens=4095), id="output limit"),
        pytest.param(replace(QUESTION, text="\ud800"), id="text that is not Unicode"),
    ],
)
def test_a_key_depends_on_all_that_the_answer_does(other: Request) -> None:
    assert cache_key("model:1", other) != cache_key("model:1", QUESTION)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param({"images": (b"a", b"b")}, {"images": (b"b", b"a")}, id="order of images"),
        pytest.param({"images": (b"ab",)}, {"images": (b"a", b"b")}, id="borders of images"),
        pytest.param({"prompt": "a", "text": "bc"}, {"prompt": "ab", "text": "c"}, id="borders of texts"),
        pytest.param({"schema": ThisThenThat}, {"schema": ThatThenThis}, id="order of a schema's fields"),
    ],
)
def test_what_is_not_the_same_has_not_the_same_key(one: dict[str, object], other: dict[str, object]) -> None:
    assert cache_key("m", replace(QUESTION, **one)) != cache_key("m", replace(QUESTION, **other))


def test_a_key_depends_on_the_model() -> None:
    assert cache_key("model:1", QUESTION) != cache_key("model:2", QUESTION)


@pytest.mark.parametrize(
    "same",
    [
        pytest.param(replace(QUESTION, purpose="another_stage"), id="purpose"),
        pytest.param(replace(QUESTION, temperature=0), id="0 for 0.0"),
        pytest.param(replace(QUESTION), id="a copy"),
    ],
)
def test_a_key_does_not_depend_on_what_the_answer_does_not(same: Request) -> None:
    assert cache_key("model:1", same) == cache_key("model:1", QUESTION)


def test_keys_stay_as_they_are() -> None:
    """A change of this value makes everybody pay again for everything."""
    request = Request("p", "p@1", "Text ü", (b"image", b""), OneField, 0, 100)
    assert cache_key("m", request) == ("21fa30fbec99f940380a81eec6d4a982ba6cea6c89202dac53af40395e50c13a")


FACTS = st.tuples(st.text(), st.text(), st.text(), st.lists(st.binary(max_size=3), max_size=3))


@given(FACTS, FACTS)
def test_only_equal_facts_have_equal_keys(
    one: tuple[str, str, str, list[bytes]], other: tuple[str, str, str, list[bytes]]
) -> None:
    keys = [
        cache_key(model, replace(QUESTION, prompt=prompt, text=text, images=tuple(images)))
        for model, prompt, text, images in (one, other)
    ]
    assert (keys[0] == keys[1]) == (one == other)


def test_an_answer_is_found_again_by_a_later_process(tmp_path: Path) -> None:
    path = tmp_path / "home" / "deep" / "answers.sqlite"
    with AnswerCache(path) as cache:
        assert cache.get("k") is None
        cache.put("k", QUESTION, "model:1", ANSWER)

    with AnswerCache(path) as cache:
        assert cache.get("k") == ANSWER
        assert cache.get("K") is None


def test_a_newer_answer_takes_the_place_of_an_older_one(tmp_path: Path) -> None:
    with AnswerCache(tmp_path / "a.sqlite") as cache:
        cache.put("k", QUESTION, "model:1", Answer("{}", Usage(1, 1)))
        cache.put("k", QUESTION, "model:1", ANSWER)

        assert cache.get("k") == ANSWER
        assert cache.overview() == CacheOverview(1, 1500, 20)


def test_a_row_says_who_answered_what_but_holds_no_picture(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    with AnswerCache(path) as cache:
        cache.put("k", replace(QUESTION, images=(b"the picture's bytes",)), "model:1", ANSWER)

    with sqlite3.connect(path) as connection:
        connection.row_factory = sqlite3.Row
        row = dict(connection.execute("SELECT * FROM answers").fetchone())
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", row.pop("answered_at"))
    assert row == {
        "key": "k",
        "model": "model:1",
        "prompt": "region_captions@1",
        "purpose": "region_captions",
        "answer": ANSWER.text,
        "input_tokens": 1500,
        "output_tokens": 20,
    }
    assert b"picture's" not in path.read_bytes()


def test_an_overview_counts_answers_and_tokens(tmp_path: Path) -> None:
    with AnswerCache(tmp_path / "a.sqlite") as cache:
        assert cache.overview() == CacheOverview(0, 0, 0)
        for key in "ab":
            cache.put(key, QUESTION, "m", ANSWER)
        assert cache.overview() == CacheOverview(2, 3000, 40)


def test_threads_share_a_cache(tmp_path: Path) -> None:
    with AnswerCache(tmp_path / "a.sqlite") as cache:

        def work(number: int) -> None:
            for index in range(10):
                cache.put(f"{number}-{index}", QUESTION, "m", ANSWER)
                assert cache.get(f"{number}-{index}") == ANSWER

        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert cache.overview().answers == 40


def _write(path: Path, number: int, start: "multiprocessing.synchronize.Barrier") -> None:
    start.wait()
    with AnswerCache(path) as cache:
        for index in range(10):
            cache.put(f"{number}-{index}", question(index), "m", ANSWER)
            cache.put("shared", question(0), "m", ANSWER)
            assert cache.get(f"{number}-{index}") == ANSWER


def test_processes_make_and_fill_one_cache_at_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    for attempt in range(3):
        path = tmp_path / f"{attempt}.sqlite"
        start = context.Barrier(4)
        processes = [context.Process(target=_write, args=(path, number, start)) for number in range(4)]
        for process in processes:
            process.start()
        for process in processes:
            process.join()

        assert [process.exitcode for process in processes] == [0] * 4
        with AnswerCache(path) as cache:
            assert cache.overview().answers == 4 * 10 + 1


PUTS_AND_DIES = """
import os, signal, sys
from pathlib import Path
from language_fakes import QUESTION
from vdata_resources.language.answer_cache import AnswerCache
from vdata_resources.language.protocol import Answer, Usage

cache = AnswerCache(Path(sys.argv[1]))
for number in range(int(sys.argv[2])):
    cache.put(str(number), QUESTION, "m", Answer("{}", Usage(1, 1)))
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("answers", [0, 1, 25])
def test_what_was_put_survives_a_kill(tmp_path: Path, answers: int) -> None:
    path = tmp_path / "a.sqlite"
    killed = subprocess.run(
        [sys.executable, "-c", PUTS_AND_DIES, str(path), str(answers)],
        cwd=Path(__file__).parent,
        env={"PYTHONPATH": f"{Path(__file__).parents[3]}:{Path(__file__).parent}"},
        check=False,
    )

    assert killed.returncode == -9
    with AnswerCache(path) as cache:
        assert cache.overview().answers == answers
        cache.put("next", QUESTION, "m", ANSWER)


def _foreign(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE answers (key TEXT, other TEXT)")
    connection.close()


def _later(path: Path) -> None:
    AnswerCache(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 2")
    connection.close()


def _cut(path: Path) -> None:
    with AnswerCache(path) as cache:
        for number in range(20):
            cache.put(str(number), QUESTION, "m", Answer("x" * 5000, Usage(1, 1)))
    path.write_bytes(path.read_bytes()[:4096])


def _garbled(path: Path) -> None:
    _cut(path)
    path.write_bytes(path.read_bytes() + b"\xff" * 200_000)


MOVE = "move it away; a new one is made, and what was in it is asked and paid for again"


@pytest.mark.parametrize(
    ("make", "why"),
    [
        pytest.param(lambda path: path.write_text("no database " * 100), "file is not a database", id="text"),
        pytest.param(_foreign, "another program's database", id="another program's"),
        pytest.param(_later, "layout 2; this version knows 1", id="a later layout"),
        pytest.param(_cut, "database disk image is malformed", id="cut off"),
        pytest.param(_garbled, "database disk image is malformed", id="garbled"),
    ],
)
def test_a_file_that_is_no_sound_cache_is_named_with_what_to_do(
    tmp_path: Path, make: Callable[[Path], object], why: str
) -> None:
    path = tmp_path / "a.sqlite"
    make(path)
    before = path.read_bytes()

    def use() -> None:
        with AnswerCache(path) as cache:
            cache.get("1")
            cache.overview()

    error = f"answer cache: {path} is damaged or no cache of answers ({why}): {MOVE}"
    with pytest.raises(ValueError, match=re.escape(error)):
        use()
    assert path.read_bytes() == before


def test_an_empty_file_becomes_a_cache(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    path.touch()
    with AnswerCache(path) as cache:
        cache.put("k", QUESTION, "m", ANSWER)

    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_path_that_cannot_be_opened_is_named_with_what_to_do(tmp_path: Path) -> None:
    error = (
        f"answer cache: {tmp_path} cannot be used (unable to open database file): see that the folder "
        "can be written, that the disk has space and that no other program holds the file"
    )
    with pytest.raises(OSError, match=re.escape(error)):
        AnswerCache(tmp_path)
