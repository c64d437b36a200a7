"""A local S3 server, and what is in its bucket seen past the code that is tested."""

import logging
from collections.abc import Iterator

import boto3
import pytest
from moto.server import ThreadedMotoServer
from s3fs import S3FileSystem

BUCKET = "datasets"
SECRET = "a-secret-that-nobody-shows"
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "tester",
    "AWS_SECRET_ACCESS_KEY": SECRET,
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


def set_environment(patch: pytest.MonkeyPatch, endpoint: str) -> None:
    """Everything that is opened from now on uses this endpoint."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        patch.delenv(name, raising=False)
    for name, value in {**ENVIRONMENT, "AWS_ENDPOINT_URL": endpoint}.items():
        patch.setenv(name, value)
    S3FileSystem.clear_instance_cache()


def serve() -> Iterator[str]:
    """The endpoint of a server with one empty bucket; the environment names it."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    with pytest.MonkeyPatch.context() as patch:
        set_environment(patch, endpoint)
        boto3.client("s3").create_bucket(Bucket=BUCKET)
        yield endpoint
    S3FileSystem.clear_instance_cache()
    server.stop()


class Keys:
    """Objects below a prefix of the bucket."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._client = boto3.client("s3")

    def all(self) -> list[str]:
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=BUCKET, Prefix=f"{self._prefix}/"
        )
        keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
        return [key.removeprefix(f"{self._prefix}/") for key in keys]

    def get(self, key: str) -> bytes:
        content: bytes = self._client.get_object(Bucket=BUCKET, Key=f"{self._prefix}/{key}")["Body"].read()
        return content

    def put(self, key: str, content: bytes) -> None:
        self._client.put_object(Bucket=BUCKET, Key=f"{self._prefix}/{key}", Body=content)

    def remove(self, key: str) -> None:
        self._client.delete_object(Bucket=BUCKET, Key=f"{self._prefix}/{key}")
