"""The UI's asset page with 10,000 registered partitions: seconds until it shows them, of at most two.

A real webserver and Chromium. The UI has been open before, as it is for who works in it, so its program is in
the browser's cache. A third of the partitions is materialized.
"""

import os
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from tempfile import TemporaryDirectory

import dagster as dg
from memory import PeakMemory
from playwright.sync_api import sync_playwright
from queue_overhead import LOCATION
from report import report

REPOSITORY = Path(__file__).resolve().parent.parent
PARTITIONS, ROUNDS, LIMIT_SECONDS = 10_000, 5, 2.0
KEY = dg.AssetKey(["naps", "nap"])


def register(home: Path) -> None:
    """Partitions and materializations of the instance."""
    names = [f"p{number:05}" for number in range(PARTITIONS)]
    with dg.DagsterInstance.from_config(str(home)) as instance:
        instance.add_dynamic_partitions("naps/category", names)
        for name in names[::3]:
            instance.report_runless_asset_event(dg.AssetMaterialization(KEY, partition=name))


def served(folder: Path, port: int) -> subprocess.Popen[bytes]:
    """A webserver that answers."""
    environment = {
        **os.environ,
        "DAGSTER_HOME": str(folder / "dagster"),
        "VDATA_HOME": str(folder / "home"),
        "PYTHONPATH": str(REPOSITORY),
    }
    command = ["dagster-webserver", "-w", "workspace.yaml", "-h", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(
        [str(Path(sys.executable).parent / command[0]), *command[1:]],
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    for _ in range(240):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/server_info", timeout=5).close()
        except OSError:
            time.sleep(0.5)
        else:
            return server
    server.kill()
    raise TimeoutError("the webserver did not start")


def seconds(page: object, address: str) -> float:
    """How long the asset's page takes to show its partitions."""
    page.goto(f"{address}/overview")  # type: ignore[attr-defined]
    page.wait_for_load_state("networkidle")  # type: ignore[attr-defined]
    started = time.perf_counter()
    page.goto(f"{address}/assets/naps/nap?view=partitions")  # type: ignore[attr-defined]
    page.get_by_text("p00003", exact=True).first.wait_for()  # type: ignore[attr-defined]
    return time.perf_counter() - started


def main() -> int:
    """Measure and report; exit with 1 if the target is missed."""
    with TemporaryDirectory() as name, socket.socket() as probe:
        folder = Path(name)
        (folder / "dagster").mkdir()
        (folder / "dagster" / "dagster.yaml").write_text(
            (REPOSITORY / "dagster_project" / "instance" / "dagster.yaml").read_text()
        )
        (folder / "location.py").write_text(LOCATION)
        (folder / "workspace.yaml").write_text("load_from:\n  - python_file: location.py\n")
        register(folder / "dagster")
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        server = served(folder, port)
        try:
            with PeakMemory() as peak, sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
                )
                page = browser.new_page()
                page.set_default_timeout(60_000)
                times = [seconds(page, f"http://127.0.0.1:{port}") for _ in range(ROUNDS)]
                browser.close()
        finally:
            server.terminate()
            server.wait()
    print(f"{PARTITIONS:,} partitions: {[round(one, 2) for one in times]} s")
    against = (
        f"{LIMIT_SECONDS:g} s until the asset's page shows {PARTITIONS:,} partitions (time, ours / limit)"
    )
    ratio = statistics.median(times) / LIMIT_SECONDS
    return 0 if report("many_partitions", ratio, against, "<= 1", peak_mb=peak.mb) else 1


if __name__ == "__main__":
    sys.exit(main())
