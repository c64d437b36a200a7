"""Conversations as ms-swift and its Qwen-VL templates read them, with boxes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from vdata_assets.formats.chat.swift_rows import BoxType, row_of, sample_of
from vdata_assets.formats.chat.swift_rules import check_file
from vdata_assets.formats.conversation import Feature, Sample
from vdata_assets.formats.line_format import LineFormat
from vdata_assets.formats.problems import Report


class Swift(LineFormat):
    """JSON lines in ms-swift's standard dataset format (its documentation, "Custom Dataset", "Grounding").

    A row is ``{"id", "messages": [{"role", "content", "loss"}], "images": [...], "objects": {"ref": [...],
    "bbox": [[left, top, right, bottom], ...], "bbox_type", "image_id": [...]}, "width": [...], "height":
    [...]}``. ``<image>`` in a text is where the next picture stands. ``id``, ``width`` and ``height`` (of
    each picture, if they are known) are for readers like this one: the trainer drops keys that it does not
    know (``remove_useless_columns``). ``loss`` is there for a turn with a weight.

    Pictures are paths, http or https URLs, or base64 data URIs. A relative path is looked for in the working
    directory and then in the folder that the environment variable ``ROOT_IMAGE_DIR`` names.

    The trainer puts the next of ``ref`` where a text has ``<ref-object>``, and the next of ``bbox`` where it
    has ``<bbox>``; see :mod:`~vdata_assets.formats.chat.chat_objects` for how they are one object. Objects
    that no text points at are written too, and not trained on. A box is converted by the trainer to what the
    model speaks (``normalize_bbox`` in ``swift/template/base.py``): whole thousandths of the picture's sides
    for most models, among them Qwen2-VL and Qwen3-VL; for Qwen2.5-VL whole pixels of the picture as its
    processor resizes it. So a file holds none of these:

    real
        ``bbox`` in pixels of the picture's file; the trainer divides by its width and height. Its loader does
        not heed EXIF orientation: the sides are those of the stored pixels.
    norm1
        ``bbox`` as shares of the sides, 0 to 1. Needs ``Sample.sizes``; boxes come back to a millionth pixel.

    :mod:`~vdata_assets.formats.chat.qwen_boxes` has the conversions. ``image_id`` says which picture a box is
    in, from 0, where there are several.

    Args:
        bbox_type: of the boxes that are written; reading takes either.
    """

    name: ClassVar[str] = "swift"
    expresses: ClassVar[frozenset[Feature]] = frozenset(Feature) - {
        Feature.MASKS,
        Feature.LABEL,
        Feature.METADATA,
    }

    def __init__(self, bbox_type: BoxType = "real") -> None:
        self.bbox_type = bbox_type

    def row_of(self, sample: Sample, root: Path) -> dict[str, Any]:
        """See :class:`~vdata_assets.formats.line_format.LineFormat`."""
        return row_of(sample, self.bbox_type)

    def sample_of(self, row: Mapping[str, Any]) -> Sample:
        """See :class:`~vdata_assets.formats.line_format.LineFormat`."""
        return sample_of(row)

    def validate_file(self, file: Path, report: Report) -> int:
        """See :func:`~vdata_assets.formats.chat.swift_rules.check_file`."""
        return check_file(file, report)
