"""What every folder that a workflow exports has to carry."""

from pathlib import Path

from vdata_assets.formats.checksums import verify_checksums
from vdata_assets.formats.problems import Problem


def require_card(folder: Path, *told: str) -> None:
    """A card that tells these, a Croissant file, and checksums that hold for all but the store's manifest."""
    problems: list[Problem] = []
    assert verify_checksums(folder, problems.append) > 2
    assert {problem.value for problem in problems} <= {"'manifest.json'"}
    assert (folder / "croissant.json").is_file()
    card = (folder / "README.md").read_text(encoding="utf-8").replace("\\", "")
    assert [text for text in ("## Audits\n\n|", "- ", *told) if text not in card] == []
