"""What object storage refuses or fails at: URL, setting and remedy are named, secrets are not."""

import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from mirror_content import publish
from s3_server import SECRET, set_environment

from vdata_resources.object_store import Mirror, ObjectStorageError, ObjectStore
from vdata_resources.store import Artifact

URLS = {
    "credentials": f"s3://tester:{SECRET}@datasets/prefix",
    "key": "s3://tester@datasets",
    "options": f"s3://datasets/prefix?secret={SECRET}",
}
NO_PLACES = ["", "datasets", "s3://", "s3:///", "simplecache::s3://datasets/x", "s3://datasets/../other"]


@pytest.mark.parametrize("url", URLS.values(), ids=URLS.keys())
def test_a_url_with_credentials_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(ValueError, match="holds credentials or options") as caught:
        ObjectStore(url)
    assert str(caught.value) == (
        "VDATA_PUBLISH_TO holds credentials or options: write s3://bucket/prefix alone, "
        "credentials belong into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    )


@pytest.mark.parametrize("url", NO_PLACES)
def test_a_url_that_is_no_place_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="is no place in object storage: write s3://bucket/prefix") as caught:
        ObjectStore(url)
    assert repr(url) in str(caught.value)


def test_a_scheme_that_is_unknown_is_named() -> None:
    with pytest.raises(ValueError, match=r"^VDATA_PUBLISH_TO zz://datasets: Protocol not known: zz"):
        ObjectStore("zz://datasets").artifact("pets", "retrieval")


@pytest.mark.parametrize("parts", [("..", "a", "b"), ("a", "b/c", "d"), ("a", "b", "versions")])
def test_names_are_those_of_the_store(parts: tuple[str, str, str]) -> None:
    with pytest.raises(ValueError, match=r"cannot be a folder name|is one of the store's own folders"):
        ObjectStore("memory://x").artifact(*parts)


def test_a_bucket_that_is_missing(s3: str, source: Artifact) -> None:
    mirror = ObjectStore("s3://nowhere/x").artifact("pets", "retrieval")
    version = publish(source, 1)
    for act in (mirror.current, lambda: mirror.publish(version)):
        with pytest.raises(ObjectStorageError) as caught:
            act()
        assert str(caught.value) == (
            "s3://nowhere/x/pets/retrieval/current: there is no such bucket: create it, or correct "
            "VDATA_PUBLISH_TO or AWS_ENDPOINT_URL"
        )


Answer = Callable[[list[tuple[int, str]]], list[str]]


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Answer]:
    """A service that gives the answers of a list, status and code, the last one for ever; counts requests."""
    waiting: list[tuple[int, str]] = []
    asked: list[str] = []

    class Service(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            status, code = waiting.pop(0) if len(waiting) > 1 else waiting[0]
            body = f"<Error><Code>{code}</Code><Message>no {code}</Message></Error>".encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        do_HEAD = do_GET  # noqa: N815 (the name that the server asks for)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    set_environment(monkeypatch, f"http://127.0.0.1:{server.server_address[1]}")

    def give(answers: list[tuple[int, str]]) -> list[str]:
        waiting[:] = answers
        return asked

    yield give
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def anywhere() -> Mirror:
    return ObjectStore("s3://datasets/prefix").artifact("pets", "retrieval")


def failing(mirror: Mirror) -> str:
    with pytest.raises(ObjectStorageError) as caught:
        mirror.current()
    message = str(caught.value)
    assert message.startswith("s3://datasets/prefix/pets/retrieval/current: ")
    assert SECRET not in message
    return message


@pytest.mark.parametrize("code", ["AccessDenied", "SignatureDoesNotMatch"])
def test_access_that_is_denied(answers: Answer, anywhere: Mirror, code: str) -> None:
    asked = answers([(403, code)])
    assert (
        "access denied: check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN; their policy "
        "must allow s3:ListBucket, s3:GetObject, s3:PutObject and s3:DeleteObject"
    ) in failing(anywhere)
    assert len(asked) == 1, "what is denied is not tried again"


def test_a_service_that_fails_for_a_while_is_asked_again(answers: Answer, anywhere: Mirror) -> None:
    asked = answers([(503, "SlowDown"), (404, "NoSuchKey")])
    assert anywhere.current() is None
    assert len(asked) > 2


def test_a_service_that_goes_on_failing_is_given_up(answers: Answer, anywhere: Mirror) -> None:
    asked = answers([(503, "SlowDown")])
    assert "unreachable or failing, also when tried again: check AWS_ENDPOINT_URL" in failing(anywhere)
    assert 2 <= len(asked) <= 20


def test_an_endpoint_where_nobody_listens(monkeypatch: pytest.MonkeyPatch, anywhere: Mirror) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{free.getsockname()[1]}"
        set_environment(monkeypatch, endpoint)
        message = failing(ObjectStore("s3://datasets/prefix").artifact("pets", "retrieval"))
    assert "check AWS_ENDPOINT_URL and the network (EndpointConnectionError: Could not connect" in message
    assert endpoint in message


def test_no_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    set_environment(monkeypatch, "http://127.0.0.1:9")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    message = failing(ObjectStore("s3://datasets/prefix").artifact("pets", "retrieval"))
    assert "no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE" in message
