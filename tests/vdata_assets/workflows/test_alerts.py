"""What an alert says, where it may be sent, and which runs it is about."""

import json
import time

import dagster as dg
import pytest

from vdata_assets.workflows import alerts
from vdata_assets.workflows.alert_message import FailedCheck, TroubledRun, code, message
from vdata_assets.workflows.alert_webhook import check_address


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("plain.png", "`plain.png`", id="a name"),
        pytest.param(
            "<!channel> & <https://x|y>", "`&lt;!channel&gt; &amp; &lt;https://x|y&gt;`", id="Slack's markup"
        ),
        pytest.param("a` @here *b* `c", "`a' @here *b* 'c`", id="the end of a code span"),
        pytest.param("a\n# head\r\tb\x1b[31m", "`a # head b [31m`", id="lines and control characters"),
        pytest.param("abc\u202egnp.exe", "`abc gnp.exe`", id="direction marks"),
        pytest.param("\udcff.png", "`.png`", id="a byte that is no UTF-8"),
        pytest.param("x" * 1000, "`" + "x" * 299 + "…`", id="too long"),
        pytest.param("", "` `", id="nothing"),
    ],
)
def test_text_from_data_is_no_markup(text, shown):
    assert code(text) == shown


def test_a_message_is_bounded_however_much_failed():
    checks = [FailedCheck("a" * 999, "c" * 999, "p" * 999, "m" * 99_999)] * 500
    run = TroubledRun("r" * 36, "j" * 999, "FAILURE", checks, 9999, [("a" * 999, "p" * 999)] * 500, 9999, [])
    for runs in ([run], [run] * 20, [run] * 50):
        told = message(runs)
        assert len(json.dumps(told)) < 128 * 1024
        assert len(told["text"]) < 32 * 1024
        assert told["left_out"] == max(0, len(runs) - 20)
    assert message([run])["runs"][0]["failed_checks_total"] == 9999
    assert "and 9,989 more: see the run" in message([run])["text"]


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://hooks.example.com/services/T/B/x", True),
        ("http://127.0.0.1:9999/hook", True),
        ("http://localhost/hook", True),
        ("http://[::1]:80/hook", True),
        ("http://hooks.example.com/", False),
        ("http://127.0.0.1.example.com/", False),
        ("http://169.254.169.254/latest", False),
        ("ftp://127.0.0.1/", False),
        ("file:///etc/passwd", False),
        ("https:///path", False),
        ("not an address", False),
    ],
)
def test_alerts_go_by_https_or_stay_on_this_machine(url, allowed):
    if allowed:
        check_address(url)
        return
    with pytest.raises(ValueError, match="is neither an https address nor http on this machine") as refused:
        check_address(url)
    assert url not in str(refused.value)


@dg.job
def crashing():
    @dg.op
    def step() -> None:
        raise dg.Failure("no", allow_retries=False)

    step()


def test_runs_are_taken_in_order_some_at_a_time_once_they_are_settled(monkeypatch):
    monkeypatch.setattr(alerts, "MAX_RUNS", 2)
    with dg.DagsterInstance.ephemeral() as instance:
        start = alerts.here(instance)
        failed = [
            crashing.execute_in_process(instance=instance, raise_on_error=False).run_id for _ in range(3)
        ]
        now = time.time()
        assert alerts.take(instance, start, now) == ([], start)
        later = now + alerts.SETTLED_S + 1
        first, middle = alerts.take(instance, start, later)
        second, end = alerts.take(instance, alerts.Position.load(middle.dump()), later)
        nothing, same = alerts.take(instance, end, later)
        assert [run.run_id for run in (*first, *second)] == failed
        assert ([run.steps for run in second], nothing, same) == ([["step"]], [], end)
        instance.delete_run(failed[0])
        assert [run.run_id for run in alerts.take(instance, start, later)[0]] == failed[1:]
