"""The team's instance as `deploy/instance` has it, really started: what it does, and what it refuses."""

import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg2.errors
import pytest
import websockets.sync.client
from instance_attacks import ATTACKS, BODY, IN_PATH, MUTATIONS
from PIL import Image
from served_instance import JSON, LAUNCH, Served, send
from waiting import PATIENCE_SECONDS, wait_for

RUN_LOCAL = Path(__file__).resolve().parents[2] / "deploy/instance/run_local.py"
NEEDED = ("nginx", "openssl")


def write_things(root: Path) -> None:
    """Pictures in folders by class: the smallest dataset of the code location that can be made."""
    for at, name in enumerate(("lamp", "lamp", "vase", "vase")):
        picture = root / name / f"{at}.png"
        picture.parent.mkdir(parents=True, exist_ok=True)
        Image.effect_noise((32, 32), 20 + at).save(picture)


@pytest.fixture(scope="module")
def instance():
    missing = [name for name in NEEDED if not shutil.which(name, path=f"/usr/sbin:{os.environ['PATH']}")]
    if missing or not Path("/usr/lib/postgresql").exists():
        pytest.skip(f"no {', '.join(missing) or 'postgresql'}: run .ci/install-packages")
    if os.getuid() != 0:
        pytest.skip("Postgres and nginx are started as users of their own: needs root")
    folder = Path(tempfile.mkdtemp(prefix="vdata-instance-"))
    folder.chmod(0o755)
    write_things(folder / "lib/vdata/data/samples/things")
    log = (folder / "run_local.log").open("wb")
    server = subprocess.Popen(
        [sys.executable, str(RUN_LOCAL), str(folder), "--https-port", "0"], stdout=log, stderr=log
    )
    started = psutil.Process(server.pid)
    try:
        ready = folder / "run/ready.json"
        wait_for(lambda: ready.exists() or server.poll() is not None, "the instance")
        assert server.poll() is None, (folder / "run_local.log").read_text()
        logins = dict(line.split("=", 1) for line in (folder / "etc/logins.env").read_text().splitlines())
        served = Served(folder, server.pid, json.loads(ready.read_text()), logins)
        wait_for(lambda: served.locations() == ["vdata"], "code location")
        yield served
        server.send_signal(signal.SIGTERM)
        assert server.wait(PATIENCE_SECONDS) == 0
        assert "did not stop" not in (folder / "run_local.log").read_text()
    finally:
        left = started.children(recursive=True) if server.poll() is None else []
        for process in [*left, *([started] if server.poll() is None else [])]:
            process.kill()
        server.wait()
        shutil.rmtree(folder)


def test_a_run_from_the_ui_to_postgres(instance):
    page = instance.ask("GET", "/")
    assert (page.status, "/_next/static" in page.text) == (200, True)
    command_lines: set[str] = set()

    def ended() -> bool:
        for process in psutil.process_iter(["cmdline"]):
            command_lines.update(process.info["cmdline"] or [])
        return instance.status(run_id) in ("SUCCESS", "FAILURE")

    run_id = instance.launch()
    wait_for(ended, "run")
    assert instance.status(run_id) == "SUCCESS"
    (made,) = instance.sql(
        f"SELECT count(*) FROM event_logs WHERE run_id = '{run_id}' "
        "AND dagster_event_type = 'ASSET_MATERIALIZATION'"
    )
    assert made == (1,)
    assert (instance.folder / "lib/vdata/data/things/catalog/current/manifest.json").exists()
    assert any("code-server" in word for word in command_lines)
    assert not [word for word in command_lines if any(secret in word for secret in passwords(instance))]


def test_daemons_are_healthy(instance):
    query = "{instance {daemonHealth {allDaemonStatuses {daemonType required healthy}}}}"

    def required() -> dict[str, bool]:
        statuses = instance.graphql(query)["instance"]["daemonHealth"]["allDaemonStatuses"]
        return {status["daemonType"]: status["healthy"] for status in statuses if status["required"]}

    wait_for(lambda: all(required().values()), "heartbeats")
    assert {"SENSOR", "SCHEDULER", "BACKFILL", "QUEUED_RUN_COORDINATOR", "MONITORING"} <= set(required())


def test_a_subscription_of_the_ui(instance):
    query = "subscription {locationStateChangeEvents {event {eventType}}}"
    with websockets.sync.client.connect(
        f"wss://vdata.localhost:{instance.ports['https']}/graphql",
        sock=socket.create_connection(("127.0.0.1", instance.ports["https"])),
        ssl=ssl.create_default_context(cafile=str(instance.folder / "etc/tls/fullchain.pem")),
        origin=instance.origin(),
        additional_headers={"Authorization": instance.authorization("admin")},
        subprotocols=["graphql-ws"],
        proxy=None,
    ) as subscription:
        subscription.send(json.dumps({"type": "connection_init"}))
        assert json.loads(subscription.recv(30)) == {"type": "connection_ack"}
        runs = instance.runs()
        for number, text in enumerate((query, LAUNCH)):
            subscription.send(json.dumps({"id": str(number), "type": "start", "payload": {"query": text}}))
        refused = json.loads(subscription.recv(30))
        assert (refused["id"], refused["type"]) == ("1", "error")
        assert "'launchRun' is not defined" in refused["payload"]["message"]
        assert instance.runs() == runs


def test_why_get_is_refused(instance):
    """Without nginx the link in a mail is enough: the webserver executes a mutation by GET, for anybody."""
    runs = instance.runs()
    answer = instance.past_nginx("GET", f"/graphql?{IN_PATH}")
    assert answer.data["launchRun"]["__typename"] == "LaunchRunSuccess"
    assert instance.runs() == runs + 1


@pytest.mark.parametrize(
    ("status", "method", "path", "headers", "user"),
    [case[1:] for case in ATTACKS],
    ids=[case[0] for case in ATTACKS],
)
def test_refused(instance, status, method, path, headers, user):
    names = {"OWN": instance.origin(), "VIEWER": instance.origin("vdata-viewer")}
    sent = dict(headers)
    for name, origin in names.items():
        sent |= {key: value.replace(name, origin) for key, value in sent.items() if key == "Origin"}
    runs = instance.runs()
    body = BODY if method in ("POST", "PUT") and "Content-Length" not in sent else b""
    answer = instance.ask(method, path, sent, body, user)
    assert (answer.status, instance.runs()) == (status, runs)


@pytest.mark.parametrize("path", ["/graphql/", "/GraphQL", "/graphql;x", "/dagit/graphql", "/logs/x/graphql"])
def test_what_only_resembles_graphql_executes_nothing(instance, path):
    """The webserver answers with its page, or that there is nothing."""
    runs = instance.runs()
    answer = instance.ask("GET", f"{path}?{IN_PATH}")
    assert (answer.status, "launchRun" in answer.text) in ((200, False), (404, False))
    assert instance.ask("POST", path, JSON, BODY).status == 405
    assert instance.runs() == runs


def test_no_file_outside_the_logs_is_served(instance):
    secret = "logs/../../etc/secrets.env"
    for path in (
        f"/{secret}",
        f"/{quote(secret, safe='')}",
        "/logs/..%2f..%2fetc%2fsecrets.env",
        "/logs/%2fetc",
    ):
        answer = instance.ask("GET", path)
        assert "VDATA_POSTGRES_PASSWORD" not in answer.text
        assert answer.status in (200, 400, 404)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated:DeprecationWarning")
def test_tls(instance):
    """Old versions, other names and plain HTTP on its port are refused; the HTTP port only leads to it."""
    address = ("127.0.0.1", instance.ports["https"])
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    for context, name, reason in (
        (old, "vdata.localhost", "TLSV1_ALERT_PROTOCOL_VERSION"),
        (ssl.create_default_context(), "evil.example", "TLSV1_UNRECOGNIZED_NAME"),
    ):
        with socket.create_connection(address) as raw, pytest.raises(ssl.SSLError) as refused:
            context.wrap_socket(raw, server_hostname=name)
        assert refused.value.reason == reason
    with instance.tls() as new:
        assert new.version() == "TLSv1.3"
    host = {"Host": "vdata.localhost", "Connection": "close"}
    with socket.create_connection(address) as raw:
        assert send(raw, "GET", "/", host, b"").status == 400
    with socket.create_connection(("127.0.0.1", instance.ports["http"])) as raw:
        moved = send(raw, "GET", "/runs", host, b"")
    assert (moved.status, moved.headers["location"]) == (301, f"{instance.origin()}/runs")


def test_headers_of_every_answer(instance):
    for answer in (
        instance.ask("GET", "/"),
        instance.ask("GET", "/", user=None),
        instance.ask("GET", "/graphql"),
    ):
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["strict-transport-security"] == "max-age=31536000"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["server"] == "nginx"
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("mutation", MUTATIONS, ids=[text.split("{")[1].split("(")[0] for text in MUTATIONS])
def test_the_viewer_changes_nothing(instance, mutation):
    runs = instance.runs()
    (refusal,) = instance.graphql(mutation, "vdata-viewer", "viewer").values()
    assert refusal["__typename"] == "UnauthorizedError"
    assert instance.runs() == runs


def test_the_viewer_shows_and_has_nothing_to_write_with(instance):
    page = instance.ask("GET", "/", user="viewer", server="vdata-viewer")
    assert (page.status, "/_next/static" in page.text) == (200, True)
    shown = instance.graphql("{runsOrError {... on Runs {results {status}}}}", "vdata-viewer", "viewer")
    assert "SUCCESS" in {run["status"] for run in shown["runsOrError"]["results"]}
    assert instance.ask("GET", "/", user="admin", server="vdata-viewer").status == 401
    assert instance.ask("GET", f"/graphql?{IN_PATH}", user="viewer", server="vdata-viewer").status == 405
    assert instance.sql("SELECT count(*) FROM runs", "viewer.env") == [(instance.runs(),)]
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        instance.sql("DELETE FROM runs RETURNING 1", "viewer.env")


def test_everything_listens_on_loopback_only(instance):
    assert instance.listening() == {"127.0.0.1"}
    socket_file = instance.folder / "run/code-server.sock"
    assert socket_file.stat().st_mode & 0o777 == 0o770, "for the group that the viewer is of"
    assert socket_file.parent.stat().st_mode & 0o077 == 0


def passwords(instance: Served) -> list[str]:
    files = ("secrets.env", "viewer.env", "logins.env")
    lines = [line for name in files for line in (instance.folder / "etc" / name).read_text().splitlines()]
    return [line.split("=", 1)[1] for line in lines if "USER" not in line]


def test_secrets_are_in_their_files_only(instance):
    private = {"secrets.env", "viewer.env", "logins.env", "users.htpasswd", "viewers.htpasswd", "privkey.pem"}
    for file in instance.folder.rglob("*"):
        if not file.is_file() or "postgres/data" in str(file):
            continue
        if file.name in private:
            assert file.stat().st_mode & 0o007 == 0, file
        else:
            content = file.read_bytes()
            assert not [word for word in passwords(instance) if word.encode() in content], file
    for table, column in (("event_logs", "event"), ("runs", "run_body")):
        for word in passwords(instance):
            assert instance.sql(f"SELECT 1 FROM {table} WHERE strpos({column}, '{word}') > 0") == []


def test_guessing_logins_is_slowed(instance):
    """An address has so many requests at a time, and a wrong login holds one of them for a second."""
    with ThreadPoolExecutor(80) as pool:
        answers = list(pool.map(lambda _: instance.ask("GET", "/", user=None).status, range(80)))
    assert set(answers) == {401, 429}


def test_kill_9_of_the_code_server(instance):
    """Its run fails with the reason and is tried again; daemon and webserver find the next code server."""
    run_id = instance.launch()
    wait_for(lambda: instance.status(run_id) == "STARTED", "start of the run")
    before = instance.pid("vdata-code-server")
    os.kill(before, signal.SIGKILL)
    wait_for(lambda: instance.status(run_id) == "FAILURE", "end of the run")
    wait_for(lambda: instance.pid("vdata-code-server") != before, "the next code server")
    said = instance.sql(
        f"SELECT count(*) FROM event_logs WHERE run_id = '{run_id}' "
        "AND event LIKE '%The code server that started this run has ended%'"
    )
    assert said == [(1,)]
    again = f"SELECT run_id FROM run_tags WHERE key = 'dagster/parent_run_id' AND value = '{run_id}'"
    ((retry,),) = wait_for(lambda: instance.sql(again), "the retry")
    assert instance.succeeds(retry)


def test_kill_9_of_postgres(instance):
    before = instance.pid("postgres")
    os.kill(before, signal.SIGKILL)
    wait_for(lambda: instance.pid("postgres") != before, "Postgres")

    def launched() -> str | None:
        try:
            return instance.launch()
        except AssertionError:
            return None  # The webserver has connections of before: it says so once, and makes new ones.

    assert instance.succeeds(wait_for(launched, "a launch"))
