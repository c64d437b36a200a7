"""``make ui``: Dagster's UI and its daemon on loopback, for one person.

What ``dagster dev`` is, except that requests of other sites' pages are refused (:mod:`.same_origin`) and that
a backfill goes on after seconds (:mod:`.daemon`). Code servers are started once, for both.
"""

import argparse
import logging
import socket
import subprocess
import sys
import tempfile
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import dagster as dg
import uvicorn
import yaml
from dagster._cli.proxy_server_manager import ProxyServerManager
from dagster._core.errors import DagsterHomeNotSetError
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster._utils.interrupts import setup_interrupt_handlers
from dagster_webserver.app import create_app_from_workspace_process_context
from dagster_webserver.cli import (
    DEFAULT_DB_STATEMENT_TIMEOUT,
    DEFAULT_POOL_MAX_OVERFLOW,
    DEFAULT_POOL_RECYCLE,
)
from dagster_webserver.version import __version__

from dagster_project.same_origin import SameOriginOnly

log = logging.getLogger(__name__)

HOST = "127.0.0.1"
POLL_MILLISECONDS = 2000
DAEMON_STOP_SECONDS = 60
# Pages keep a WebSocket open for as long as they are.
CLOSE_SECONDS = 3


class CannotServe(RuntimeError):  # noqa: N818 - it is said to the user as it is
    """The UI cannot be served, or no longer; the message says why and what to change."""


def parser() -> argparse.ArgumentParser:
    """The command line's shape."""
    found = argparse.ArgumentParser(prog="python -m dagster_project.ui", description=__doc__)
    found.add_argument("--port", type=int, default=3000, help="0: a free one (default: %(default)s)")
    found.add_argument(
        "--workspace",
        type=Path,
        default=Path("workspace.yaml"),
        help="file that names the code locations (default: %(default)s)",
    )
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until interrupted; the exit status."""
    given = parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    log.setLevel(logging.INFO)
    # SIGTERM is Ctrl-C: what was started is stopped.
    setup_interrupt_handlers()
    warnings.filterwarnings("ignore", category=dg.BetaWarning)
    try:
        with suppress(KeyboardInterrupt):
            serve(given.port, given.workspace)
    except CannotServe as reason:
        log.error("%s", reason)
        return 1
    return 0


def serve(port: int, workspace: Path) -> None:
    """Serve a workspace's UI on the instance of $DAGSTER_HOME, with a daemon, until interrupted.

    Args:
        port: loopback port; 0 for a free one.
        workspace: workspace.yaml.

    Raises:
        CannotServe: the port is taken, there is no workspace or instance, or the daemon ended.
        KeyboardInterrupt: Ctrl-C or SIGTERM.
    """
    if not workspace.is_file():
        raise CannotServe(f"no file {workspace.absolute()}: run in the project's folder, or say --workspace")
    with ExitStack() as stack:
        listener = stack.enter_context(listening(port))
        try:
            instance = stack.enter_context(dg.DagsterInstance.get())
        except DagsterHomeNotSetError as unset:
            raise CannotServe(
                'DAGSTER_HOME is not set: `make ui`, or eval "$(make -s env)" before'
            ) from unset
        served = stack.enter_context(code_servers(instance, workspace))
        daemon = stack.enter_context(daemon_process(served))
        instance.optimize_for_webserver(
            DEFAULT_DB_STATEMENT_TIMEOUT, DEFAULT_POOL_RECYCLE, DEFAULT_POOL_MAX_OVERFLOW
        )
        target = WorkspaceFileTarget(paths=[str(served)])
        context = stack.enter_context(WorkspaceProcessContext(instance, target, version=__version__))
        app = create_app_from_workspace_process_context(context, live_data_poll_rate=POLL_MILLISECONDS)
        server = uvicorn.Server(
            uvicorn.Config(SameOriginOnly(app), log_level="warning", timeout_graceful_shutdown=CLOSE_SECONDS)
        )
        threading.Thread(target=_stop_without, args=(daemon, server), daemon=True).start()
        log.info("http://%s:%d, until Ctrl-C", HOST, listener.getsockname()[1])
        server.run(sockets=[listener])
        if daemon.poll() is not None:
            raise CannotServe(f"the daemon ended with status {daemon.returncode}: its last lines say why")


def _stop_without(daemon: subprocess.Popen[bytes], server: uvicorn.Server) -> None:
    """A UI without its daemon would queue runs that nobody starts."""
    daemon.wait()
    server.should_exit = True


@contextmanager
def listening(port: int) -> Iterator[socket.socket]:
    """A socket that listens on loopback while the block lasts.

    Raises:
        CannotServe: the port is taken, or none.
    """
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except (OSError, OverflowError) as wrong:
            raise CannotServe(f"port {port}: {wrong}: choose another, make ui PORT=3001") from wrong
        # At once: who comes early waits, and a second UI cannot take the port meanwhile.
        listener.listen()
        yield listener


@contextmanager
def code_servers(instance: dg.DagsterInstance, workspace: Path) -> Iterator[Path]:
    """Serves code locations, a process each, while the block lasts; gives the servers' workspace.yaml.

    A location that cannot be loaded is shown with its error, and loaded again from the UI.
    """
    target = WorkspaceFileTarget(paths=[str(workspace)])
    with (
        ProxyServerManager(instance, target, code_server_log_level="warning") as servers,
        tempfile.TemporaryDirectory() as folder,
    ):
        served = Path(folder) / "workspace.yaml"
        served.write_text(yaml.safe_dump({"load_from": list(servers.get_code_server_specs())}))
        yield served


@contextmanager
def daemon_process(workspace: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Dagster's daemon in a process of its own while the block lasts: pages do not wait for its work."""
    command = [sys.executable, "-m", "dagster_project.daemon", str(workspace)]
    daemon = subprocess.Popen(command, stdin=subprocess.PIPE)  # noqa: S603
    try:
        yield daemon
    finally:
        daemon.terminate()
        try:
            daemon.wait(DAEMON_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()


if __name__ == "__main__":
    sys.exit(main())
