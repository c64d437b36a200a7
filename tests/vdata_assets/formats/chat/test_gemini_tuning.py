"""Conversations for tuning Gemini models: written and read."""

import base64
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_samples import image_bytes, samples

from vdata_assets.formats.chat.gemini_tuning import GeminiInline, GeminiTuning
from vdata_assets.formats.conversation import Feature, Picture, Sample, Turn

PNG, JPEG = image_bytes("PNG"), image_bytes("JPEG")
GS = "gs://bucket/cats"


def asked(*parts: str | Picture) -> Sample:
    return Sample("s1", (Turn("user", parts), Turn("assistant", ("A cat.",))))


def written(folder: Path, sample: Sample, gemini: GeminiTuning) -> dict:
    (name,) = gemini.save({"train": [replace(sample, id="")]}, folder, folder)
    assert name == Path(f"train_{gemini.name}.jsonl")
    return json.loads((folder / name).read_text())


def test_a_row_with_files(tmp_path: Path) -> None:
    (tmp_path / "a b.png").write_bytes(JPEG)  # the bytes say what it is
    sample = Sample(
        "",
        (
            Turn("system", ("Be brief.",)),
            Turn("user", (Picture(path="a b.png"), "What is it?", Picture(url="https://example.org/x.WEBP"))),
            Turn("assistant", ("A cat.",)),
        ),
    )
    row = written(tmp_path, sample, GeminiTuning(f"{GS}/"))
    assert row == {
        "systemInstruction": {"role": "system", "parts": [{"text": "Be brief."}]},
        "contents": [
            {
                "role": "user",
                "parts": [
                    {"fileData": {"mimeType": "image/jpeg", "fileUri": f"{GS}/a b.png"}},
                    {"text": "What is it?"},
                    {"fileData": {"mimeType": "image/webp", "fileUri": "https://example.org/x.WEBP"}},
                ],
            },
            {"role": "model", "parts": [{"text": "A cat."}]},
        ],
    }
    assert list(GeminiTuning(GS).load(tmp_path, "train", pytest.fail)) == [sample]
    (other,) = GeminiTuning().load(tmp_path, "train", pytest.fail)
    assert other.pictures[0] == Picture(url=f"{GS}/a b.png")


def test_the_address_of_a_file_on_the_web_is_encoded(tmp_path: Path) -> None:
    (tmp_path / "a b%.png").write_bytes(PNG)
    web = GeminiTuning("https://example.org/d")
    row = written(tmp_path, asked(Picture(path="a b%.png"), "?"), web)
    assert row["contents"][0]["parts"][0]["fileData"]["fileUri"] == "https://example.org/d/a%20b%25.png"
    (read,) = web.load(tmp_path, "train", pytest.fail)
    assert read.pictures == (Picture(path="a b%.png"),)


def test_bytes_go_inline(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(PNG)
    row = written(tmp_path, asked(Picture(path="a.png"), "and", Picture(data=JPEG)), GeminiInline())
    first, _, second = row["contents"][0]["parts"]
    assert first == {"inlineData": {"mimeType": "image/png", "data": base64.b64encode(PNG).decode()}}
    assert second == {"inlineData": {"mimeType": "image/jpeg", "data": base64.b64encode(JPEG).decode()}}
    (read,) = GeminiInline().load(tmp_path, "train", pytest.fail)
    assert read.pictures == (Picture(data=PNG), Picture(data=JPEG))


def test_other_types_become_png_inline(tmp_path: Path) -> None:
    row = written(tmp_path, asked(Picture(data=image_bytes("GIF")), "?"), GeminiInline())
    assert row["contents"][0]["parts"][0]["inlineData"]["mimeType"] == "image/png"


@pytest.mark.parametrize("gemini", [GeminiTuning(GS), GeminiInline()], ids=["files", "inline"])
@given(data=st.data())
def test_what_is_written_is_read(tmp_path_factory, gemini, data) -> None:
    folder = tmp_path_factory.mktemp("gemini")
    made = data.draw(samples(gemini.expresses))
    for picture in made.pictures:
        if picture.path is not None:
            (folder / picture.path).parent.mkdir(parents=True, exist_ok=True)
            (folder / picture.path).write_bytes(PNG)
    found: list = []
    gemini.save({"test": [made, made]}, folder, folder)
    assert list(gemini.load(folder, "test", pytest.fail)) == [made, made]
    assert gemini.splits(folder) == ["test"]
    assert gemini.validate(folder, "test", found.append) == 2
    assert [str(problem) for problem in found if not problem.warning] == []


def test_what_each_expresses() -> None:
    assert GeminiTuning.expresses - GeminiInline.expresses == {Feature.PATH}
    assert (GeminiTuning.inlines, GeminiInline.inlines) == (False, True)


@pytest.mark.parametrize(
    ("gemini", "sample", "error"),
    [
        pytest.param(
            GeminiTuning(),
            asked(Picture(path="a.png")),
            "turn 0: picture a.png: the service reads no local file: give the format a prefix such as "
            "gs://bucket/cats",
            id="no prefix",
        ),
        pytest.param(
            GeminiTuning(GS),
            asked(Picture(path="gone.png")),
            "turn 0: picture gone.png: cannot be read: No such file or directory",
            id="gone",
        ),
        pytest.param(
            GeminiTuning(GS),
            asked(Picture(path="a.gif")),
            "turn 0: picture a.gif: image/gif of 6 bytes: image/jpeg, image/png, image/webp, "
            "image/heic, image/heif of at most 20000000 bytes are taken: convert it",
            id="type",
        ),
        pytest.param(
            GeminiTuning(GS),
            asked(Picture(path="../a.png")),
            "turn 0: picture ../a.png: the path must not leave the dataset's folder with ..",
            id="path",
        ),
        pytest.param(
            GeminiTuning(GS),
            asked(Picture(url="https://example.org/a")),
            "turn 0: picture https://example.org/a: has to be gs:, http: or https: and end with .jpg, "
            ".jpeg, .png, .webp, .heic, .heif",
            id="URL",
        ),
        pytest.param(
            GeminiTuning(GS),
            asked(*[Picture(url="gs://b/a.jpg")] * 31),
            "31 pictures: at most 30 an example",
            id="pictures",
        ),
        pytest.param(
            GeminiTuning(GS), asked(), "turn 0: has nothing to say: every turn has a part", id="empty turn"
        ),
        pytest.param(
            GeminiTuning(GS),
            Sample("s1", (Turn("system", (Picture(url="gs://b/a.jpg"),)), *asked("?").turns)),
            "turn 0: an instruction is text: move the picture",
            id="picture in the instruction",
        ),
    ],
)
def test_what_cannot_be_said_is_refused(tmp_path: Path, gemini, sample, error) -> None:
    (tmp_path / "a.gif").write_bytes(b"GIF89a")
    with pytest.raises(ValueError, match="^" + re.escape(f"sample '': {error}") + "$"):
        written(tmp_path, sample, gemini)


def test_what_the_format_lacks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="sample 's1': gemini cannot say: id; convert the samples first"):
        GeminiTuning(GS).save({"train": [asked("?")]}, tmp_path, tmp_path)


@pytest.mark.parametrize(
    "prefix", ["bucket/cats", "gs://", "file:///cats", "https://x.org/a?b", "gs://b/a#c"]
)
def test_a_prefix_that_is_none_is_refused(prefix) -> None:
    with pytest.raises(ValueError, match="has to be the address of a folder, such as gs://bucket/cats"):
        GeminiTuning(prefix)


QUESTION = {"role": "user", "parts": [{"text": "Q"}]}
ANSWER = {"role": "model", "parts": [{"text": "A"}]}
PLAIN = Sample("", (Turn("user", ("Q",)), Turn("assistant", ("A",))))


def read(folder: Path, *rows: dict) -> tuple[list[Sample], list[str]]:
    (folder / "x.jsonl").write_text("\r\n\r\n".join(json.dumps(row) for row in rows))
    problems: list = []
    found = list(GeminiTuning(GS).load_file(folder / "x.jsonl", problems.append))
    return found, [str(problem) for problem in problems]


@pytest.mark.parametrize(
    ("row", "sample"),
    [
        pytest.param({"contents": [QUESTION, ANSWER], "generationConfig": {}}, PLAIN, id="further keys"),
        pytest.param(
            {
                "system_instruction": {"parts": {"text": "S"}},
                "contents": [
                    {
                        "role": "user",
                        "parts": [
                            {"file_data": {"mime_type": "image/png", "file_uri": f"{GS}/a.png"}},
                            {
                                "inline_data": {
                                    "mime_type": "image/png",
                                    "data": base64.urlsafe_b64encode(PNG).decode(),
                                }
                            },
                        ],
                    },
                    ANSWER,
                ],
            },
            Sample(
                "",
                (
                    Turn("system", ("S",)),
                    Turn("user", (Picture(path="a.png"), Picture(data=PNG))),
                    Turn("assistant", ("A",)),
                ),
            ),
            id="snake case",
        ),
        pytest.param(
            {"contents": [QUESTION, {"role": "user", "parts": [{"text": "?"}, {"text": "!"}]}, ANSWER]},
            replace(PLAIN, turns=(Turn("user", ("Q?!",)), PLAIN.turns[1])),
            id="several texts of one side",
        ),
    ],
)
def test_rows_of_others(tmp_path: Path, row, sample) -> None:
    assert read(tmp_path, row) == ([sample], [])


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        pytest.param({}, "contents: None: is a list of what user and model say", id="no contents"),
        pytest.param({"contents": [7]}, "contents[0].role: None: is user or model", id="no content"),
        pytest.param(
            {"contents": [{"role": "assistant"}]},
            "contents[0].role: 'assistant': is user or model",
            id="role",
        ),
        pytest.param(
            {"contents": [ANSWER]},
            "contents[0].role: 'model': is user before there is a model",
            id="model first",
        ),
        pytest.param(
            {"contents": [{"role": "user", "parts": "Q"}]},
            "contents[0].parts: 'Q': is a list of parts",
            id="parts",
        ),
        pytest.param(
            {"contents": [{"role": "user", "parts": [{"functionCall": {}}]}]},
            "contents[0].parts[0]: {'functionCall': {}}: has a text, fileData or inlineData; others are "
            "not read",
            id="function call",
        ),
        pytest.param(
            {"contents": [{"role": "user", "parts": [{"fileData": {"fileUri": "/etc/passwd"}}]}]},
            "contents[0].parts[0].fileData.fileUri: '/etc/passwd': is an address that begins with "
            "gs://, https:// or http://",
            id="local file",
        ),
        pytest.param(
            {"contents": [{"role": "user", "parts": [{"fileData": {"fileUri": f"{GS}/../x.png"}}]}]},
            "contents[0].parts[0].fileData.fileUri: 'gs://bucket/cats/../x.png': the path under "
            "gs://bucket/cats must not leave the dataset's folder with ..",
            id="out of the folder",
        ),
        pytest.param(
            {"contents": [{"role": "user", "parts": [{"inlineData": {"data": "*"}}]}]},
            "contents[0].parts[0].inlineData.data: '*': no base64 after the comma",
            id="no base64",
        ),
        pytest.param(
            {"contents": [{"role": "user", "parts": [{"inlineData": {"data": ""}}]}]},
            "contents[0].parts[0].inlineData.data: '': has the bytes of a picture",
            id="no bytes",
        ),
    ],
)
def test_a_bad_row_is_named_and_the_rest_is_read(tmp_path: Path, row, problem) -> None:
    good = {"contents": [QUESTION, ANSWER]}
    found, (only,) = read(tmp_path, good, row, good)
    assert found == [PLAIN, PLAIN]
    assert only.startswith(f"x.jsonl:3: {problem}")
