"""A client of the instance that `deploy/instance/run_local.py` has started: through nginx, and past it."""

import base64
import http.client
import json
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import psycopg2
from waiting import PATIENCE_SECONDS, wait_for

SELECTOR = (
    '{repositoryLocationName: "vdata", repositoryName: "__repository__", jobName: "__ASSET_JOB", '
    'assetSelection: [{path: ["things", "catalog"]}]}'
)
LAUNCH = (
    f"mutation {{launchRun(executionParams: {{selector: {SELECTOR}}}) "
    "{__typename ... on LaunchRunSuccess {run {runId}} ... on PythonError {message}}}"
)
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Answer:
    """An answer of nginx or of a webserver."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def data(self) -> dict:
        assert self.status == 200, self
        return json.loads(self.text)["data"]


@dataclass(frozen=True)
class Served:
    """A running instance.

    Attributes:
        folder: of everything that it made.
        supervisor: process id of run_local.py.
        ports: by name.
        logins: passwords by user.
    """

    folder: Path
    supervisor: int
    ports: dict[str, int]
    logins: dict[str, str] = field(repr=False)

    def origin(self, server: str = "vdata") -> str:
        return f"https://{server}.localhost:{self.ports['https']}"

    def authorization(self, user: str, password: str | None = None) -> str:
        word = f"{user}:{password or self.logins[user]}"
        return f"Basic {base64.b64encode(word.encode()).decode()}"

    def tls(self, server: str = "vdata") -> ssl.SSLSocket:
        """A connection to nginx, whose certificate is verified."""
        context = ssl.create_default_context(cafile=str(self.folder / "etc/tls/fullchain.pem"))
        raw = socket.create_connection(("127.0.0.1", self.ports["https"]), timeout=PATIENCE_SECONDS)
        return context.wrap_socket(raw, server_hostname=f"{server}.localhost")

    def ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        user: str | None = "admin",
        server: str = "vdata",
    ) -> Answer:
        """Send a request to nginx, its path as it stands, with the login of the user."""
        sent = {"Host": f"{server}.localhost:{self.ports['https']}", "Connection": "close"}
        if user:
            sent["Authorization"] = self.authorization(user)
        if body:
            sent["Content-Length"] = str(len(body))
        with self.tls(server) as connection:
            return send(connection, method, path, sent | dict(headers or {}), body)

    def past_nginx(self, method: str, path: str, body: bytes = b"", port: str = "webserver") -> Answer:
        """Send a request to a webserver itself, as only a process of this machine can."""
        sent = {"Host": "127.0.0.1", "Connection": "close", "Content-Length": str(len(body)), **JSON}
        with socket.create_connection(
            ("127.0.0.1", self.ports[port]), timeout=PATIENCE_SECONDS
        ) as connection:
            return send(connection, method, path, sent, body)

    def graphql(self, query: str, server: str = "vdata", user: str = "admin") -> dict:
        """What a query or mutation of the UI answers."""
        headers = {**JSON, "Origin": self.origin(server), "Sec-Fetch-Site": "same-origin"}
        body = json.dumps({"query": query}).encode()
        return self.ask("POST", "/graphql", headers, body, user, server).data

    def launch(self) -> str:
        """Launch a run of things/catalog as the UI does; gives its id."""
        launched = self.graphql(LAUNCH)["launchRun"]
        assert launched["__typename"] == "LaunchRunSuccess", launched
        return launched["run"]["runId"]

    def status(self, run_id: str) -> str:
        return self.graphql(f'{{runOrError(runId: "{run_id}") {{... on Run {{status}}}}}}')["runOrError"][
            "status"
        ]

    def succeeds(self, run_id: str) -> bool:
        """Whether a run ends with success."""
        ends = ("SUCCESS", "FAILURE", "CANCELED")
        wait_for(lambda: self.status(run_id) in ends, f"end of run {run_id}")
        return self.status(run_id) == "SUCCESS"

    def sql(self, query: str, role: str = "secrets.env") -> list[tuple]:
        """Ask Postgres with the password that an environment file holds."""
        env = dict(line.split("=", 1) for line in (self.folder / "etc" / role).read_text().splitlines())
        connection = psycopg2.connect(
            host="127.0.0.1",
            port=self.ports["postgres"],
            dbname="dagster",
            user=env.get("VDATA_POSTGRES_USER", "vdata"),
            password=env["VDATA_POSTGRES_PASSWORD"],
        )
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(query)
                return cursor.fetchall()
        finally:
            connection.close()

    def runs(self) -> int:
        return self.sql("SELECT count(*) FROM runs")[0][0]

    def pid(self, service: str) -> int:
        return int((self.folder / f"run/{service}.pid").read_text())

    def listening(self) -> set[str]:
        """Addresses at which processes of the instance listen."""
        ours = {process.pid for process in psutil.Process(self.supervisor).children(recursive=True)}
        return {
            connection.laddr.ip
            for connection in psutil.net_connections("inet")
            if connection.status == psutil.CONN_LISTEN and connection.pid in ours
        }

    def locations(self) -> list[str]:
        """Names of the code locations that are loaded."""
        query = (
            "{workspaceOrError {... on Workspace {locationEntries {locationOrLoadError "
            "{... on RepositoryLocation {name}}}}}}"
        )
        entries = self.graphql(query)["workspaceOrError"]["locationEntries"]
        return [entry["locationOrLoadError"]["name"] for entry in entries if entry["locationOrLoadError"]]


def send(
    connection: socket.socket, method: str, path: str, headers: Mapping[str, str], body: bytes
) -> Answer:
    """A request over an open connection."""
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    connection.sendall("\r\n".join(lines).encode() + body)
    response = http.client.HTTPResponse(connection, method=method)
    response.begin()
    text = "" if response.status == 101 else response.read().decode("utf-8", "replace")
    return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, text)
