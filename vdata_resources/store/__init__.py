"""The store: every asset's published versions on a file system, written, audited, then published at once.

Layout: ``<root>/<dataset>/<asset>[/<partition>]/`` holds ``versions/<id>/`` with each version's files and
its ``manifest.json``, ``rejected/<id>/`` with what an audit refused and its ``report.json``, ``current``,
a relative link to the published version, and ``.lock``, which writers hold. A crash, a kill or a full disk
at any moment leaves ``current`` on a whole version. Links and locks are POSIX (``flock``), so a shared
file system serves many machines, and the kernel frees the locks of a process that dies.
"""

from vdata_resources.store.artifact import Artifact
from vdata_resources.store.draft import Draft
from vdata_resources.store.errors import DamagedVersion, LockTimeout, NotPublished, OutOfSpace
from vdata_resources.store.names import RESERVED
from vdata_resources.store.store import Store
from vdata_resources.store.version import FileRecord, Version

__all__ = [
    "RESERVED",
    "Artifact",
    "DamagedVersion",
    "Draft",
    "FileRecord",
    "LockTimeout",
    "NotPublished",
    "OutOfSpace",
    "Store",
    "Version",
]
