"""Files that Vertex AI would not tune a model on as they are."""

import base64
import json
from pathlib import Path

import pytest
from made_samples import image_bytes

from vdata_assets.formats.chat import gemini_rules
from vdata_assets.formats.chat.gemini_tuning import GeminiTuning

FILE = {"fileData": {"mimeType": "image/png", "fileUri": "gs://bucket/a.png"}}
QUESTION = {"role": "user", "parts": [FILE, {"text": "Q"}]}
ANSWER = {"role": "model", "parts": [{"text": "A"}]}
GOOD = {"systemInstruction": {"role": "", "parts": [{"text": "S"}]}, "contents": [QUESTION, ANSWER]}
INLINE = "is a fileUri in the service's documentation of tuning, which does not mention inlineData (warning)"


def problems(folder: Path, *rows: dict, split: str = "train") -> list[str]:
    (folder / f"{split}_gemini.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    found: list = []
    assert GeminiTuning().validate(folder, split, found.append) == len(rows)
    return [f"{problem}{' (warning)' if problem.warning else ''}" for problem in found]


def parts(*given: object) -> dict:
    return {"contents": [{"role": "user", "parts": list(given)}, ANSWER]}


def inline(data: object, media_type: str = "image/png") -> dict:
    return parts({"inlineData": {"mimeType": media_type, "data": data}})


def encoded(kind: str) -> str:
    return base64.b64encode(image_bytes(kind)).decode()


def test_good_rows(tmp_path: Path) -> None:
    assert problems(tmp_path, GOOD, parts({"text": "only text"})) == []


@pytest.mark.parametrize(
    ("change", "found"),
    [
        pytest.param(
            {"systemInstruction": {"parts": [FILE]}},
            [
                "systemInstruction.parts[0]: {'fileData': {'mimeType': 'image/png', 'fileUri': "
                "'gs://bucket/a.png'}}: is a text"
            ],
            id="picture in the instruction",
        ),
        pytest.param(
            {"systemInstruction": "S"}, ["systemInstruction.parts: 'S': has a text"], id="instruction"
        ),
        pytest.param({"contents": []}, ["contents: []: is a list of what user and model say"], id="contents"),
        pytest.param(
            {"contents": [{"role": "human", "parts": [{"text": "Q"}]}, ANSWER]},
            ["contents[0].role: 'human': is user or model"],
            id="role",
        ),
        pytest.param(
            {"contents": [QUESTION, QUESTION, ANSWER]},
            ["contents[1].role: 'user': is not that before: user and model take turns (warning)"],
            id="one side twice",
        ),
        pytest.param(
            {"contents": [ANSWER, QUESTION, ANSWER]},
            ["contents[0].role: 'model': is user first"],
            id="model first",
        ),
        pytest.param(
            {"contents": [QUESTION]},
            ["contents: 'ends with user': ends with model: nothing is tuned on otherwise"],
            id="no answer",
        ),
        pytest.param(
            {"contents": [QUESTION, {"role": "model", "parts": []}]},
            ["contents[1].parts: {'role': 'model', 'parts': []}: is a list of parts, at least one"],
            id="no part",
        ),
        pytest.param(
            parts("Q"), ["contents[0].parts[0]: 'Q': has a text, fileData or inlineData"], id="a part"
        ),
        pytest.param(
            parts({"text": "Q", **FILE}),
            [
                "contents[0].parts[0]: {'text': 'Q', 'fileData': {'mimeType': 'image/png', 'fileUri': "
                "'gs://bucket/a.png'}}: "
                "has exactly one of text, fileData and inlineData"
            ],
            id="two in a part",
        ),
        pytest.param(
            parts({"functionCall": {}}),
            ["contents[0].parts[0]: {'functionCall': {}}: has exactly one of text, fileData and inlineData"],
            id="function call",
        ),
        pytest.param(
            parts({"text": ""}), ["contents[0].parts[0].text: '': is a text, and not empty"], id="empty text"
        ),
        pytest.param(
            parts({"fileData": "gs://bucket/a.png"}),
            ["contents[0].parts[0].fileData: 'gs://bucket/a.png': has a mimeType and what belongs to it"],
            id="no object",
        ),
        pytest.param(
            parts({"fileData": {"fileUri": "gs://b/a"}}),
            [
                "contents[0].parts[0].fileData.mimeType: None: is one of "
                "image/jpeg, image/png, image/webp, image/heic, image/heif"
            ],
            id="no type",
        ),
        pytest.param(
            parts({"fileData": {"mimeType": "image/png", "fileUri": "a.png"}}),
            [
                "contents[0].parts[0].fileData.fileUri: 'a.png': is an address that begins with gs://, "
                "https:// or http://"
            ],
            id="local file",
        ),
        pytest.param(
            {"contents": [QUESTION, {"role": "model", "parts": [FILE]}]},
            [
                "contents[1].parts[0].fileData: 'picture 1': is of the user: the model is tuned to "
                "answer in text"
            ],
            id="answer",
        ),
        pytest.param(
            parts(*[FILE] * 31), ["contents: '31 pictures': has at most 30 pictures"], id="31 pictures"
        ),
        pytest.param(
            inline(encoded("PNG")), [f"contents[0].parts[0].inlineData.data: 'inline': {INLINE}"], id="inline"
        ),
        pytest.param(
            inline(7),
            [
                f"contents[0].parts[0].inlineData.data: 'inline': {INLINE}",
                "contents[0].parts[0].inlineData.data: 7: is base64",
            ],
            id="no text",
        ),
        pytest.param(
            inline("*"),
            [
                f"contents[0].parts[0].inlineData.data: 'inline': {INLINE}",
                "contents[0].parts[0].inlineData.data: '*': is base64: Only base64 data is allowed",
            ],
            id="no base64",
        ),
        pytest.param(
            inline(encoded("JPEG")),
            [
                f"contents[0].parts[0].inlineData.data: 'inline': {INLINE}",
                "contents[0].parts[0].inlineData.data: 'image/jpeg': is what mimeType says: image/png",
            ],
            id="another type",
        ),
        pytest.param(
            inline("QUJD"),
            [
                f"contents[0].parts[0].inlineData.data: 'inline': {INLINE}",
                "contents[0].parts[0].inlineData.data: 'no image': is what mimeType says: image/png",
            ],
            id="no image",
        ),
    ],
)
def test_a_broken_row(tmp_path: Path, change, found) -> None:
    expected = [f"train_gemini.jsonl:2: {problem}" for problem in found]
    assert problems(tmp_path, GOOD, {**GOOD, **change}) == expected


def test_a_picture_that_is_too_large(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(gemini_rules, "MOST_IMAGE_BYTES", 60)
    _, found = problems(tmp_path, inline("A" * 100))
    assert found.endswith("inlineData.data: '100 characters': has at most 60 bytes")


@pytest.mark.parametrize(
    ("limit", "row", "split", "found"),
    [
        pytest.param("MOST_ROWS", parts({"text": "Q"}), "train", "3 rows: has 1 to 2 rows", id="texts"),
        pytest.param("MOST_ROWS_WITH_IMAGES", GOOD, "train", "3 rows: has 1 to 2 rows", id="pictures"),
        pytest.param("MOST_VALIDATION_ROWS", GOOD, "val", "3 rows: has 1 to 2 rows", id="validation"),
        pytest.param(
            "MOST_FILE_BYTES",
            parts({"text": "Q"}),
            "train",
            "312 bytes: has at most 2 bytes: refer to pictures by fileUri, or take fewer",
            id="bytes",
        ),
    ],
)
def test_a_file_over_a_limit(tmp_path: Path, monkeypatch, limit, row, split, found) -> None:
    monkeypatch.setattr(gemini_rules, limit, 2)
    (problem,) = problems(tmp_path, row, row, row, split=split)
    assert problem == f"{split}_gemini.jsonl: file: {found}"


def test_an_empty_file(tmp_path: Path) -> None:
    assert problems(tmp_path) == ["train_gemini.jsonl: file: 0 rows: has 1 to 1000000 rows"]
