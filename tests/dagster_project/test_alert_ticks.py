"""The alert sensor, ticked by the daemon's own code: a failed run is told once, whatever the webhook does."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import dagster as dg
import pytest

from vdata_assets.workflows.alerts import SETTLED_S

SECRET = "T0KEN-that-nobody-sees"
LATER = SETTLED_S + 31
KEY = dg.AssetKey(["shop", "embeddings"])


class Webhook(ThreadingHTTPServer):
    """A server on this machine that keeps what it was sent, and answers as it is told to."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.answer = 200
        self.messages: list[dict] = []
        self.asked: list[str] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/{SECRET}"


class Answer(BaseHTTPRequestHandler):
    server: Webhook

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(self.path)
        if self.server.answer == 200:
            assert self.headers["Idempotency-Key"] == body["id"]
            self.server.messages.append(body)
        self.send_response(self.server.answer)
        if self.server.answer == 302:
            self.send_header("Location", f"http://127.0.0.1:{self.server.server_port}/elsewhere")
        self.end_headers()

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *line: object) -> None:
        pass


@pytest.fixture
def webhook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Webhook]:
    server = Webhook()
    monkeypatch.setenv("VDATA_ALERT_WEBHOOK", server.url)
    yield server
    server.shutdown()
    server.server_close()


def run(daemon, *partitions: str, severity=dg.AssetCheckSeverity.ERROR, crash: bool = False) -> str:
    """A run whose checks are hit for some partitions; one that was rejected fails."""

    @dg.op(name="embeddings")
    def step(context: dg.OpExecutionContext) -> None:
        for partition in partitions:
            context.log_event(
                dg.AssetCheckEvaluation(
                    asset_key=KEY,
                    check_name="vectors_unit",
                    passed=False,
                    partition=partition,
                    severity=severity,
                    description=f"2 of 8 vectors of {partition}",
                    metadata={"first_offenders": ["a.png"]},
                )
            )
        if crash or (partitions and severity is dg.AssetCheckSeverity.ERROR):
            raise dg.Failure("raw log of a crash", allow_retries=False)

    @dg.job(name="shop", logger_defs={})
    def shop() -> None:
        step()

    return shop.execute_in_process(instance=daemon.instance, raise_on_error=False).run_id


def test_failed_checks_and_rejected_partitions_are_told_once_also_over_a_restart(start_daemon, webhook):
    daemon = start_daemon().alone("alerts")
    run(daemon, "before it was turned on")
    daemon.sensors(LATER)
    assert daemon.ticks("alerts") == [("SKIPPED", "runs that end from now on are told")]
    rejected = run(daemon, "bag", "pet")
    run(daemon)
    run(daemon, "bag", severity=dg.AssetCheckSeverity.WARN)
    crashed = run(daemon, crash=True)
    daemon.sensors(LATER)
    daemon.sensors(LATER)
    again = start_daemon()
    again.now = daemon.now
    again.sensors(LATER)
    (message,) = webhook.messages
    first, second = message["runs"]
    assert first == {
        "run_id": rejected,
        "job": "shop",
        "status": "FAILURE",
        "failed_checks_total": 2,
        "rejected_partitions_total": 2,
        "failed_steps": [],
        "failed_checks": [
            {
                "asset": "shop/embeddings",
                "check": "vectors_unit",
                "partition": partition,
                "message": f"2 of 8 vectors of {partition}",
            }
            for partition in ("bag", "pet")
        ],
        "rejected_partitions": [{"asset": "shop/embeddings", "partition": p} for p in ("bag", "pet")],
    }
    assert (second["run_id"], second["failed_steps"]) == (crashed, ["embeddings"])
    assert message["text"].splitlines()[:3] == [
        "vdata: 2 runs to look at",
        f"• run `{rejected[:8]}` of `shop`, failure: 2 checks failed, 2 partitions rejected",
        "    `shop/embeddings` `bag` `vectors_unit`: `2 of 8 vectors of bag`",
    ]
    assert "raw log" not in json.dumps(message)
    assert [word for _, word in again.ticks("alerts")][1:] == [
        "told of 2 runs",
        "nothing to tell",
        "nothing to tell",
    ]


def test_what_was_not_delivered_is_kept_and_told_later_and_the_address_is_never_shown(
    start_daemon, webhook, monkeypatch, tmp_path
):
    daemon = start_daemon().alone("alerts")
    daemon.sensors(0)
    failed = run(daemon, "bag")
    webhook.answer = 503
    daemon.sensors(LATER)
    webhook.answer = 302
    daemon.sensors(LATER)
    monkeypatch.setenv("VDATA_ALERT_WEBHOOK", f"http://127.0.0.1:1/{SECRET}")
    daemon.sensors(LATER)
    assert [why.splitlines()[0].split(": ", 1)[1] for why in daemon.errors("alerts")] == [
        "VDATA_ALERT_WEBHOOK answered 503 Service Unavailable: the message is kept and sent again",
        "VDATA_ALERT_WEBHOOK answered 302 Found: the message is kept and sent again",
        "VDATA_ALERT_WEBHOOK cannot be reached: ConnectError",
    ]
    assert set(webhook.asked) == {f"/{SECRET}"}
    monkeypatch.setenv("VDATA_ALERT_WEBHOOK", webhook.url)
    webhook.answer = 200
    daemon.sensors(LATER)
    daemon.sensors(LATER)
    assert [[told["run_id"] for told in message["runs"]] for message in webhook.messages] == [[failed]]
    written = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert SECRET.encode() not in written
