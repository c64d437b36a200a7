"""Files that we write, as the services' own validators see them, in an environment of their own."""

import io
import json
import subprocess
from pathlib import Path

import pytest
from PIL import Image

from vdata_assets.formats.conversation import Picture, Sample, Turn
from vdata_assets.formats.registry import format_named

PYTHON = Path(__file__).resolve().parents[3] / ".venv-validators/bin/python"
CHECK = """
import json, sys
from pathlib import Path
from together.utils import check_file
report = check_file(Path(sys.argv[1]))
print(json.dumps([report["is_check_passed"], report["num_samples"]]))
"""


@pytest.fixture(scope="module")
def check_together():
    if not PYTHON.exists():
        pytest.skip("no environment of validators: run make validators")

    def check(file: Path) -> list:
        ran = subprocess.run([PYTHON, "-c", CHECK, file], capture_output=True, text=True, check=True)
        return json.loads(ran.stdout.splitlines()[-1])

    return check


def samples(count: int) -> list[Sample]:
    """Conversations of several rounds about a picture; every other one begins with a system turn."""

    def picture(number: int) -> Picture:
        data = io.BytesIO()
        Image.new("RGB", (8, 8), (number * 20 % 256, 0, 0)).save(data, "PNG")
        return Picture(data=data.getvalue())

    return [
        Sample(
            "",
            (
                *([Turn("system", ("Be brief.",))] if number % 2 else []),
                Turn("user", (picture(number), "What is this?")),
                Turn("assistant", ("A square.",)),
                Turn("user", ("Of what colour?",)),
                Turn("assistant", ("Red, „ganz rot“.",)),
            ),
        )
        for number in range(count)
    ]


@pytest.mark.parametrize(
    ("name", "passes"),
    [
        pytest.param("together", True, id="Together's own"),
        pytest.param("openai", False, id="OpenAI's, which mixes texts and lists: the check can fail"),
    ],
)
def test_togethers_own_check_takes_what_we_write_for_it(tmp_path, check_together, name, passes):
    (file,) = format_named(name).save({"train": samples(12)}, tmp_path, tmp_path)
    passed, rows = check_together(tmp_path / file)
    assert passed is passes
    assert rows == (12 if passes else None)
