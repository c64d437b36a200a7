"""Settings of the annotations stage. Light to import: they are read when the code location loads."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Treatment = Literal["fail", "drop"]


class ExportSettings(BaseModel):
    """How an export ZIP is read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rle_order: Literal["auto", "row", "column"] = Field(
        "auto",
        description="order of space-separated run lengths: row-major, column-major (as documented and as in "
        "COCO), or found out; the decision and its grounds are in the partition's metadata",
    )
    frames: Literal["auto", "archive", "video", "folder"] = Field(
        "auto",
        description="where pictures come from; auto: clean ones (a folder or the video beside the ZIP) "
        "before those in the ZIP, which the public tool burns masks into",
    )
    videos: dict[str, str] = Field(
        {},
        description="export key: video file or folder of frames, absolute or relative to the inbox, where it "
        "is not named as the ZIP or as the export's video",
    )
    target_fps: float | None = Field(
        None, gt=0, description="keep at most so many annotated frames a second; null: all"
    )
    jpeg_quality: int = Field(95, ge=1, le=100, description="of frames that are cut from a video")
    on_missing_annotations: Treatment = Field(
        "fail", description="frames without objects: fail the export, or drop them and say how many"
    )
    on_bad_mask: Treatment = Field(
        "fail", description="objects with a bad mask or label: fail the export, or drop them and say how many"
    )
    on_bad_frame: Treatment = Field(
        "fail", description="frames whose picture is missing or damaged: fail the export, or drop them"
    )
    max_entries: int = Field(200_000, ge=1, description="most entries in a ZIP")
    max_total_bytes: int = Field(200 * 10**9, ge=1, description="most bytes of all entries, unpacked")
    max_ratio: float = Field(
        200, gt=1, description="most an entry above 1 MB may shrink when packed: more is taken for a bomb"
    )


class AnnotationAuditSettings(BaseModel):
    """What counts as odd in annotations."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    severe_imbalance: float = Field(
        9.0, gt=1, description="instances of the largest class to those of another: severe from here on"
    )
    moderate_imbalance: float = Field(5.0, gt=1, description="likewise: moderate from here on")
    tiny_area: int = Field(64, ge=0, description="masks of fewer pixels are tiny")
    max_objects_per_frame: int = Field(100, ge=1, description="frames with more objects are named")
    geometry_tolerance: float = Field(
        0.1,
        ge=0,
        description="share by which a stored area, or pixels of the stored grid's longer side as a share by "
        "which a stored box, may differ from the mask's",
    )
    near_duplicate_hamming: int = Field(
        4,
        ge=0,
        le=31,
        description="frames whose 64-bit perceptual hashes differ in at most this many bits share a split",
    )
