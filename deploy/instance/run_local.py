"""The whole instance on one machine without systemd: Postgres, code server, daemon, webservers and nginx.

    python deploy/instance/run_local.py FOLDER

Everything it makes is in FOLDER: the database, secrets, certificate, logs. It runs until Ctrl-C or SIGTERM
and goes on from there when started again. What it starts is what the files beside it say, units included,
with paths, ports and names of its own.
"""

import argparse
import json
import logging
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from supervisor import Service, Supervisor, wait_until
from units import read_unit

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
SERVICES = ("vdata-code-server", "vdata-webserver", "vdata-viewer", "vdata-daemon")
# Sockets have paths of at most 107 bytes.
LONGEST_FOLDER = 70
PLAIN_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}
NGINX_CONF = """\
{user}worker_processes 1;
pid {folder}/run/nginx-master.pid;
error_log {folder}/logs/nginx-error.log;
events {{ worker_connections 512; }}
http {{
    include /etc/nginx/mime.types;
    access_log {folder}/logs/nginx-access.log;
    client_body_temp_path {folder}/nginx/body;
    proxy_temp_path {folder}/nginx/proxy;
    fastcgi_temp_path {folder}/nginx/unused;
    uwsgi_temp_path {folder}/nginx/unused;
    scgi_temp_path {folder}/nginx/unused;
    include {folder}/etc/nginx-site.conf;
}}
"""


class UnfitError(RuntimeError):
    """This machine or the folder cannot hold an instance. The message says what to change."""


@dataclass(frozen=True)
class Place:
    """Where this instance is.

    Attributes:
        folder: of everything that it makes.
        https: port of nginx.
        http: port of nginx that redirects to https.
        webserver: loopback port behind nginx.
        viewer: loopback port behind nginx.
        postgres: loopback port.
    """

    folder: Path
    https: int
    http: int
    webserver: int
    viewer: int
    postgres: int

    @property
    def etc(self) -> Path:
        """Folder of the configuration."""
        return self.folder / "etc"

    def placed(self, text: str) -> str:
        """A configuration with this instance's paths, ports and names for the installed ones."""
        places = {
            "/opt/vdata/.venv": sys.prefix,
            "/opt/vdata": str(REPOSITORY),
            "/etc/vdata": str(self.etc),
            "/run/vdata": f"{self.folder}/run",
            "/var/lib/": f"{self.folder}/lib/",
            "127.0.0.1:3000": f"127.0.0.1:{self.webserver}",
            "127.0.0.1:3001": f"127.0.0.1:{self.viewer}",
            "--port 3000": f"--port {self.webserver}",
            "--port 3001": f"--port {self.viewer}",
            "POSTGRES_PORT=5432": f"POSTGRES_PORT={self.postgres}",
            "listen 443": f"listen 127.0.0.1:{self.https}",
            "listen 80": f"listen 127.0.0.1:{self.http}",
            "https://$host": f"https://$host:{self.https}",
            ".example.org": ".localhost",
        }
        return re.sub("|".join(map(re.escape, places)), lambda found: places[found[0]], text)


def choose_place(folder: Path, https: int) -> Place:
    """Free ports, and a folder that can hold an instance.

    Raises:
        UnfitError: it cannot.
    """
    folder = folder.absolute()
    for path in (folder, REPOSITORY, Path(sys.prefix)):
        if re.search(r"\s", str(path)):
            raise UnfitError(f"{path}: unit files split words at white space: choose a path without")
    if len(str(folder)) > LONGEST_FOLDER:
        raise UnfitError(
            f"{folder}: longer than {LONGEST_FOLDER} characters, too long for sockets: choose another"
        )
    folder.mkdir(parents=True, exist_ok=True)
    if os.getuid() == 0:
        closed = [path for path in (folder, *folder.parents) if not path.stat().st_mode & 0o001]
        if closed:
            raise UnfitError(f"{closed[-1]}: the users postgres and www-data must pass: chmod o+x it")
    with (
        socket.socket() as a,
        socket.socket() as b,
        socket.socket() as c,
        socket.socket() as d,
        socket.socket() as e,
    ):
        for probe in (a, b, c, d, e):
            probe.bind(("127.0.0.1", 0))
        free = [int(probe.getsockname()[1]) for probe in (a, b, c, d, e)]
    return Place(folder, https or free[0], *free[1:])


def programs() -> dict[str, str]:
    """Postgres, nginx and openssl by name.

    Raises:
        UnfitError: one is not installed.
    """
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
    path = os.pathsep.join([*(str(folder) for folder in versions[-1:]), "/usr/sbin", os.environ["PATH"]])
    found = {
        name: shutil.which(name, path=path) for name in ("initdb", "postgres", "psql", "nginx", "openssl")
    }
    missing = [name for name, program in found.items() if program is None]
    if missing:
        raise UnfitError(f"no {', '.join(missing)}: apt-get install postgresql nginx-light openssl")
    return {name: str(program) for name, program in found.items()}


def write_private(path: Path, text: str) -> None:
    """A file that only its owner reads, from its first byte on."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)


def read_env(path: Path) -> dict[str, str]:
    """Variables of a file of ``NAME=value`` lines."""
    return dict(line.split("=", 1) for line in path.read_text(encoding="utf-8").splitlines() if "=" in line)


def configure(place: Place, tools: dict[str, str]) -> None:
    """Write configuration anew; secrets, logins and the certificate only if they are not there."""
    for name in ("etc/tls", "lib", "logs", "nginx", "run"):
        (place.folder / name).mkdir(parents=True, exist_ok=True)
    # Who reaches the socket of the code server executes code; what services print is for the owner.
    for name in ("lib", "logs", "run"):
        (place.folder / name).chmod(0o700)
    for name in ("dagster.yaml", "workspace.yaml", "instance.env", "nginx/nginx-server.conf"):
        text = (HERE / name).read_text(encoding="utf-8")
        (place.etc / Path(name).name).write_text(place.placed(text), encoding="utf-8")
    site = (HERE / "nginx/vdata.conf").read_text(encoding="utf-8")
    (place.etc / "nginx-site.conf").write_text(place.placed(site), encoding="utf-8")
    user = "user www-data;\n" if os.getuid() == 0 else ""
    conf = NGINX_CONF.format(user=user, folder=place.folder)
    (place.etc / "nginx.conf").write_text(conf, encoding="utf-8")

    if not (place.etc / "logins.env").exists():
        password = {name: secrets.token_urlsafe(24) for name in ("owner", "viewer", "login", "viewer_login")}
        write_private(place.etc / "secrets.env", f"VDATA_POSTGRES_PASSWORD={password['owner']}\n")
        write_private(
            place.etc / "viewer.env",
            f"VDATA_POSTGRES_USER=vdata_viewer\nVDATA_POSTGRES_PASSWORD={password['viewer']}\n",
        )
        logins = {"admin": password["login"], "viewer": password["viewer_login"]}
        for name, file in (("admin", "users.htpasswd"), ("viewer", "viewers.htpasswd")):
            hashed = subprocess.run(  # noqa: S603
                [tools["openssl"], "passwd", "-6", "-stdin"],
                input=logins[name], capture_output=True, text=True, check=True,
            ).stdout  # fmt: skip
            write_private(place.etc / file, f"{name}:{hashed}")
            if os.getuid() == 0:
                shutil.chown(place.etc / file, group="www-data")
                (place.etc / file).chmod(0o640)
        write_private(place.etc / "logins.env", "".join(f"{name}={word}\n" for name, word in logins.items()))
    if not (place.etc / "tls/fullchain.pem").exists():
        certify = (
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 "
            "-subj /CN=vdata.localhost -addext subjectAltName=DNS:vdata.localhost,DNS:vdata-viewer.localhost"
        )
        files = ["-keyout", f"{place.etc}/tls/privkey.pem", "-out", f"{place.etc}/tls/fullchain.pem"]
        command = [tools["openssl"], *certify.split(), *files]
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603


def start_postgres(
    place: Place, tools: dict[str, str], supervisor: Supervisor, stop: threading.Event
) -> None:
    """A cluster of its own, which takes passwords only, with the instance's roles and database."""
    folder = place.folder / "postgres"
    user = "postgres" if os.getuid() == 0 else None
    folder.mkdir(exist_ok=True)
    if user:
        shutil.chown(folder, user, user)
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": place.postgres,
        "unix_socket_directories": folder,
        "password_encryption": "scram-sha-256",
    }
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    command = [tools["postgres"], "-D", f"{folder}/data", *options]
    service = Service("postgres", command, PLAIN_ENVIRONMENT, folder, user=user, stop_signal=signal.SIGINT)
    if not (folder / "data/PG_VERSION").exists():
        # The socket takes the user who runs the cluster, by their uid; loopback takes passwords.
        initdb = [tools["initdb"], "--auth-local=peer", "--auth-host=scram-sha-256", "--encoding=UTF8"]
        supervisor.run(service, [*initdb, "--pgdata", f"{folder}/data"])
    supervisor.start(service)
    psql = [
        tools["psql"],
        "--no-psqlrc",
        "--host",
        str(folder),
        "--port",
        str(place.postgres),
        "--dbname",
        "postgres",
    ]

    def answers() -> bool:
        command = [*psql, "--command", "SELECT 1"]
        return not subprocess.run(command, capture_output=True, **service.options()).returncode  # noqa: S603

    wait_until("Postgres", answers, 60, stop)
    owner, viewer = read_env(place.etc / "secrets.env"), read_env(place.etc / "viewer.env")
    passwords = owner | {"VDATA_VIEWER_PASSWORD": viewer["VDATA_POSTGRES_PASSWORD"]}
    with (HERE / "roles.sql").open("rb") as roles:
        supervisor.run(service, [*psql, "--quiet"], env=PLAIN_ENVIRONMENT | passwords, stdin=roles)


def start_units(place: Place, supervisor: Supervisor) -> None:
    """What systemd's units start, with their commands and environments."""
    for name in ("vdata-setup", *SERVICES):
        unit = read_unit(HERE / "systemd", name, place.placed)
        for state in unit.state:
            state.mkdir(parents=True, exist_ok=True)
        service = Service(
            name,
            unit.start[0],
            unit.environment,
            unit.folder,
            before=unit.before,
            after=unit.after,
            restart_seconds=unit.restart_seconds,
            stop_seconds=unit.stop_seconds,
            umask=unit.umask,
        )
        if unit.oneshot:
            supervisor.run(service, *unit.before, *unit.start)
        else:
            supervisor.start(service)


def start_nginx(place: Place, tools: dict[str, str], supervisor: Supervisor) -> None:
    """nginx with the site that is installed."""
    conf = ["-c", f"{place.etc}/nginx.conf", "-e", f"{place.folder}/logs/nginx-error.log"]
    command = [tools["nginx"], *conf, "-g", "daemon off;"]
    supervisor.start(Service("nginx", command, PLAIN_ENVIRONMENT, place.folder))


def listening(port: int) -> bool:
    """Whether a server answers at a loopback port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def run(place: Place, stop: threading.Event) -> None:
    """Start everything, say where it is, keep it running until told to stop."""
    tools = programs()
    configure(place, tools)
    ready = place.folder / "run/ready.json"
    ready.unlink(missing_ok=True)
    supervisor = Supervisor(place.folder / "logs", place.folder / "run")
    try:
        start_postgres(place, tools, supervisor, stop)
        start_units(place, supervisor)
        start_nginx(place, tools, supervisor)
        for port in (place.webserver, place.viewer, place.https):
            wait_until(f"port {port}", partial(listening, port), 180, stop)
        logging.info("webserver  https://vdata.localhost:%d", place.https)
        logging.info("read only  https://vdata-viewer.localhost:%d", place.https)
        logging.info(
            "logins     %s; certificate %s", place.etc / "logins.env", place.etc / "tls/fullchain.pem"
        )
        ports = {name: getattr(place, name) for name in ("https", "http", "webserver", "viewer", "postgres")}
        ready.write_text(json.dumps(ports), encoding="utf-8")
        supervisor.keep(stop)
    finally:
        ready.unlink(missing_ok=True)
        supervisor.stop()


def main() -> int:
    """Run until told to stop; 1 if the instance could not be started."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--https-port", type=int, default=8443, help="0: a free one; 8443 unless given")
    args = parser.parse_args()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        run(choose_place(args.folder, args.https_port), stop)
    except InterruptedError as stopped:
        logging.info("%s", stopped)
    except (UnfitError, TimeoutError, subprocess.CalledProcessError) as failed:
        logging.error("%s; logs are in %s/logs", failed, args.folder)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
