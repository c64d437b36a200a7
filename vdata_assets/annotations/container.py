"""An export ZIP, whatever its layout, as frames and objects."""

from vdata_assets.annotations.archive import Archive
from vdata_assets.annotations.contents import Container, Video
from vdata_assets.annotations.export_json import read_export_json
from vdata_assets.annotations.layout import find_layout
from vdata_assets.annotations.sav import read_sav

__all__ = ["Container", "Video", "read_container"]


def read_container(archive: Archive) -> Container:
    """Read an export: the documented layout, or the masklets of an SA-V video.

    Frames are read now, objects when they are asked for, while the archive is open.

    Raises:
        BadExport: the archive holds no annotations, or they are not of the documented shape.
    """
    layout = find_layout(archive.names, archive.file)
    return read_export_json(archive, layout) if layout.annotations else read_sav(archive, layout)
