"""What a webserver without a login answers, and what pages of other sites are refused."""

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from dagster_project.same_origin import SameOriginOnly

HERE = "http://127.0.0.1:3000"
JSON = {"Content-Type": "application/json"}
OWN = {"Origin": HERE, "Sec-Fetch-Site": "same-origin"}
FOREIGN = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}


async def _answer(_):
    return PlainTextResponse("answered")


async def _socket(socket):
    await socket.accept()
    await socket.send_text("answered")
    await socket.close()


@pytest.fixture
def client():
    paths = ["/graphql", "/runs", "/report_asset_materialization/a"]
    routes = [Route(path, _answer, methods=["GET", "POST", "DELETE"]) for path in paths]
    app = SameOriginOnly(Starlette(routes=[*routes, WebSocketRoute("/graphql", _socket)]))
    return TestClient(app, base_url=HERE)


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        pytest.param("POST", "/graphql", {**JSON, **OWN}, id="own page"),
        pytest.param("POST", "/graphql", JSON, id="a script"),
        pytest.param("POST", "/graphql", {"Content-Type": "application/json; charset=utf-8"}, id="charset"),
        pytest.param("POST", "/report_asset_materialization/a", JSON, id="a script that reports"),
        pytest.param("GET", "/graphql", {}, id="the playground's page"),
        pytest.param("GET", "/runs?q=1", {}, id="a page"),
        pytest.param("GET", "/runs", FOREIGN, id="a link from elsewhere"),
        pytest.param(
            "POST",
            "/graphql",
            {**JSON, "Host": "localhost:8080", "Origin": "http://localhost:8080"},
            id="through a tunnel to another port",
        ),
    ],
)
def test_own_pages_and_scripts_are_answered_and_no_site_frames_them(client, method, path, headers):
    answer = client.request(method, path, headers=headers)
    assert (answer.status_code, answer.text) == (200, "answered")
    assert answer.headers["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize(
    ("status", "method", "path", "headers"),
    [
        pytest.param(405, "GET", "/graphql?query=mutation", {}, id="mutation by GET"),
        pytest.param(405, "GET", "/graphql?query=mutation", OWN, id="by GET from an own page"),
        pytest.param(405, "HEAD", "/graphql?query=mutation", {}, id="by HEAD"),
        pytest.param(405, "GET", "/%67raphql?query=mutation", {}, id="encoded path"),
        pytest.param(405, "GET", "/graphql%0a?query=mutation", {}, id="path with a line's end"),
        pytest.param(403, "POST", "/graphql", {**JSON, **FOREIGN}, id="foreign page"),
        pytest.param(
            403, "POST", "/graphql", {**JSON, "Origin": "https://evil.example"}, id="its origin alone"
        ),
        pytest.param(
            403, "POST", "/graphql", {**JSON, "Origin": f"{HERE}.evil.example"}, id="own name within"
        ),
        pytest.param(
            403, "POST", "/graphql", {**JSON, "Origin": "http://127.0.0.1:8888"}, id="a notebook's page"
        ),
        pytest.param(403, "POST", "/graphql", {**JSON, "Origin": "null"}, id="sandboxed page"),
        pytest.param(
            403, "POST", "/graphql", {**JSON, "Sec-Fetch-Site": "cross-site"}, id="cross-site alone"
        ),
        pytest.param(403, "POST", "/graphql", {**JSON, "Sec-Fetch-Site": "same-site"}, id="same-site page"),
        pytest.param(
            403, "POST", "/report_asset_materialization/a", {**JSON, **FOREIGN}, id="foreign report"
        ),
        pytest.param(403, "DELETE", "/runs", FOREIGN, id="any other method"),
        pytest.param(415, "POST", "/graphql?query=mutation", OWN, id="no content type"),
        pytest.param(415, "POST", "/graphql", {"Content-Type": "text/plain; application/json"}, id="text"),
        pytest.param(415, "POST", "/graphql", {"Content-Type": "application/graphql"}, id="bare GraphQL"),
        pytest.param(415, "POST", "/graphql", {"Content-Type": "multipart/form-data; boundary=x"}, id="form"),
        pytest.param(421, "POST", "/graphql", {**JSON, "Host": "evil.example:3000"}, id="name of another"),
        pytest.param(421, "GET", "/runs", {"Host": "localhost.evil.example"}, id="local name within"),
        pytest.param(421, "GET", "/runs", {"Host": "evil.example/@127.0.0.1"}, id="path in the name"),
        pytest.param(421, "GET", "/runs", {"Host": "evil.example@localhost"}, id="user before the name"),
        pytest.param(421, "GET", "/runs", {"Host": "[::1"}, id="half a name"),
        pytest.param(421, "GET", "/runs", {"Host": ""}, id="no name"),
    ],
)
def test_what_another_sites_page_can_send_is_refused(client, status, method, path, headers):
    answer = client.request(method, path, headers=headers)
    assert (answer.status_code, "answered" in answer.text) == (status, False)
    assert answer.headers["X-Frame-Options"] == "DENY"


def test_two_names_are_refused(client):
    hosts = [("Host", "127.0.0.1:3000"), ("Host", "evil.example")]
    assert client.get("/runs", headers=hosts).status_code == 421


NAMED = {"Host": "127.0.0.1:3000"}


def test_a_socket_of_an_own_page_is_answered(client):
    with client.websocket_connect("/graphql", headers={**NAMED, **OWN}) as socket:
        assert socket.receive_text() == "answered"


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        pytest.param(
            {**NAMED, **FOREIGN}, "a request from a page of https://evil.example", id="foreign page"
        ),
        pytest.param(NAMED, "a request from a page of another site", id="no page"),
        pytest.param(
            {**NAMED, "Origin": "http://localhost:3000"},
            "a request from a page of http://localhost:3000",
            id="other local name",
        ),
        pytest.param(
            {**NAMED, **OWN, "Sec-Fetch-Site": "same-site"},
            f"a request from a page of {HERE}",
            id="same-site",
        ),
        pytest.param(
            {**OWN, "Host": "evil.example"},
            "this server answers as 127.0.0.1 and localhost only",
            id="name of another",
        ),
    ],
)
def test_any_other_socket_is_refused(client, headers, reason):
    with pytest.raises(WebSocketDisconnect) as refused, client.websocket_connect("/graphql", headers=headers):
        pass
    assert (refused.value.code, refused.value.reason) == (1008, reason)
