"""Debian's real exporters and the mocks beside them, for tests and measurements: each is started for as long as it is
looked at. What is not installed skips the test (77)."""

import contextlib
import glob
import os
import shutil
import socket
import subprocess
import time
import urllib.request

SKIP = 77
PATIENCE_S = 60


def skip(why):
    print("skipped: " + why)
    raise SystemExit(SKIP)


def installed(*programs):
    for program in programs:
        if shutil.which(program) is None:
            skip(program + " is not installed")


def free_port():
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        return chosen.getsockname()[1]


@contextlib.contextmanager
def process(command, log, **options):
    with open(log, "wb") as out:
        running = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, **options)
    try:
        yield running
    finally:
        running.terminate()
        try:
            running.wait(20)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()


def page_of(url, accepts=lambda page: True):
    deadline = time.monotonic() + PATIENCE_S
    while True:
        with contextlib.suppress(OSError):
            with urllib.request.urlopen(url, timeout=20) as answer:
                page = answer.read().decode()
            if accepts(page):
                return page
        if time.monotonic() > deadline:
            raise SystemExit(f"FAILED: nothing good at {url}")
        time.sleep(0.1)


@contextlib.contextmanager
def real_node(scratch):
    installed("prometheus-node-exporter")
    url = f"127.0.0.1:{free_port()}"
    with process(["prometheus-node-exporter", "--web.listen-address=" + url], scratch / "exporter.log"):
        yield f"http://{url}/metrics"


@contextlib.contextmanager
def real_redis(scratch):
    installed("redis-server", "prometheus-redis-exporter")
    port, listen = free_port(), f"127.0.0.1:{free_port()}"
    server = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(scratch)]
    exporter = ["prometheus-redis-exporter", f"-redis.addr=redis://127.0.0.1:{port}", f"-web.listen-address={listen}"]
    with process(server, scratch / "redis.log"):
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as client:
                # Something to count by database, command and error.
                client.sendall(b"SET a b EX 1000\r\nGET a\r\nWHAT\r\n")
                client.recv(100)
                break
            time.sleep(0.1)
        with process(exporter, scratch / "exporter.log"):
            yield f"http://{listen}/metrics"


@contextlib.contextmanager
def real_postgres(scratch):
    installed("prometheus-postgres-exporter")
    binaries = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
    if not binaries:
        skip("postgresql is not installed")
    port, listen = free_port(), f"127.0.0.1:{free_port()}"
    data = scratch / "data"
    as_user = []
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        installed("runuser")
        as_user = ["runuser", "-u", "postgres", "--"]
        shutil.chown(scratch, "postgres")
        scratch.chmod(0o755)
    subprocess.run([*as_user, binaries[-1] + "/initdb", "-D", data, "-U", "postgres", "--auth=trust"], check=True,
                   stdout=subprocess.DEVNULL, cwd=scratch)
    server = [*as_user, binaries[-1] + "/postgres", "-D", data, "-p", str(port), "-k", scratch,
              "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]
    source = f"postgresql://postgres@127.0.0.1:{port}/postgres?sslmode=disable"
    exporter = ["prometheus-postgres-exporter", f"--web.listen-address={listen}"]
    with process(server, scratch / "postgres.log", cwd=scratch):
        with process(exporter, scratch / "exporter.log", env={**os.environ, "DATA_SOURCE_NAME": source}):
            yield f"http://{listen}/metrics"


REAL = {"node": (real_node, "node_load1 "), "redis": (real_redis, "redis_up 1"), "postgres": (real_postgres, "pg_up 1")}


@contextlib.contextmanager
def mocks(tocsin, system, scratch):
    """The URLs of a system's targets by name, which tocsin serve shows on free ports."""
    ports = scratch / "ports"
    with process([tocsin, "serve", system, "--free-ports", "--port-file", ports], scratch / "serve.log"):
        deadline = time.monotonic() + PATIENCE_S
        while not ports.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        yield dict(line.split() for line in ports.read_text().splitlines())
