"""The object store as a whole: where it is, and the names of artifacts in it."""

from dataclasses import dataclass

from vdata_resources.object_store.connection import check_url, connect
from vdata_resources.object_store.mirror import Mirror
from vdata_resources.store.names import check_name


@dataclass(frozen=True)
class ObjectStore:
    """A copy of published versions below a URL. Nothing is contacted before it is used.

    One store publishes to one URL: its lock of an artifact keeps two writers apart, here too.

    Attributes:
        url: e.g. ``s3://bucket/prefix``. Credentials and endpoint come from the environment:
            AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_PROFILE, AWS_DEFAULT_REGION,
            AWS_ENDPOINT_URL.

    Raises:
        ValueError: the URL is no place, or holds credentials.
    """

    url: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "url", check_url(self.url))

    def artifact(self, dataset: str, asset: str, partition: str | None = None) -> Mirror:
        """Where an asset, or one partition of it, is mirrored.

        Raises:
            ValueError: a name cannot be a folder name, or there is no file system for the URL.
        """
        names = [check_name("dataset", dataset), check_name("asset", asset)]
        if partition is not None:
            names.append(check_name("partition", partition))
        file_system, root = connect(self.url)
        return Mirror("/".join([self.url, *names]), "/".join([root, *names]), file_system)
