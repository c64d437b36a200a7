import subprocess
import sys
from functools import partial

from vdata_assets.samples import __main__ as command
from vdata_assets.samples.concepts import write_concept_images


def test_the_command_draws_and_says_how_much(tmp_path, monkeypatch, capsys):
    tiny = partial(write_concept_images, categories={"mug": 2}, views_per_concept=3, size=32)
    monkeypatch.setattr(command, "write_concept_images", tiny)
    monkeypatch.setattr(sys, "argv", ["samples", "--root", str(tmp_path / "tree"), "--seed", "4", "--flaws"])
    command.main()
    # 2 mugs and a candle of 3 views, one duplicate, one mug of one view.
    assert capsys.readouterr().out == f"{tmp_path / 'tree'}: 11 images of 4 concepts\n"


def test_the_command_refuses_a_folder_in_use(tmp_path):
    (tmp_path / "mine.txt").touch()
    done = subprocess.run(
        [sys.executable, "-m", "vdata_assets.samples", "--root", str(tmp_path)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert done.stderr.endswith(
        f"error: {tmp_path} is not an empty folder: name another, or remove it first\n"
    )
