"""Published versions in object storage, S3 and what fsspec knows besides, for readers elsewhere.

Layout: ``<url>/<dataset>/<asset>[/<partition>]/versions/<id>-<manifest's digest>/`` holds a version's files
and, written after all of them, its ``manifest.json``; ``current``, written last of all, names the version.
Since the folder is named by its manifest, and the manifest holds each file's digest, an object in it has the
right content or is not there; a reader sees the old version, whole, until ``current`` is replaced.
"""

from vdata_resources.object_store.errors import ObjectStorageError
from vdata_resources.object_store.mirror import Mirror
from vdata_resources.object_store.mirrored_version import MirroredVersion
from vdata_resources.object_store.object_store import ObjectStore

__all__ = ["Mirror", "MirroredVersion", "ObjectStorageError", "ObjectStore"]
