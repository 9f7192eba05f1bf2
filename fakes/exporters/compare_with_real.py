#!/usr/bin/env python3
"""The mock exporters beside Debian's real ones, family by family: type, help and label names must be equal.

compare_with_real.py TOCSIN FOLDER KIND: KIND is node, postgres or redis; FOLDER holds KIND/system.yaml of a mock in the
real one's situation, and KIND/differences.txt: what only one of the two shows on some machines. UPDATE_GOLDEN=1 writes
the families that the mock lacks into it. Skipped (77) where the real programs are not installed."""

import contextlib
import glob
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
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


def families(page):
    """By name: type, help, names of labels that are not empty in some sample."""
    found = {}
    last = None
    for line in page.splitlines():
        if match := re.match(r"# HELP (\S+) ?(.*)", line):
            found.setdefault(match[1], ["untyped", "", set()])[1] = match[2]
        elif match := re.match(r"# TYPE (\S+) (\S+)", line):
            last = match[1]
            found.setdefault(last, ["untyped", "", set()])[0] = match[2]
        elif line and not line.startswith("#"):
            for name, _ in re.findall(r'(\w+)="((?:[^"\\]|\\.)+)"', line.rsplit("} ", 1)[0]):
                found[last][2].add(name)
    return found


def main():
    tocsin, folder, kind = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]
    start, ready = REAL[kind]
    with tempfile.TemporaryDirectory() as name:
        scratch = pathlib.Path(name)
        ports = scratch / "ports"
        with process([tocsin, "serve", folder / kind, "--free-ports", "--port-file", ports], scratch / "serve.log"):
            with start(scratch) as url:
                real = families(page_of(url, lambda page: ready in page))
            deadline = time.monotonic() + PATIENCE_S
            while not ports.exists() and time.monotonic() < deadline:
                time.sleep(0.05)
            urls = dict(line.split() for line in ports.read_text().splitlines())
            mock = families(page_of(urls[kind] + "/metrics"))
    return compare(kind, real, mock, folder / kind / "differences.txt")


def compare(kind, real, mock, listed):
    problems = []
    lines = [line for line in listed.read_text().splitlines() if line and not line.startswith("#")]
    lacking = {line[2:] for line in lines if line.startswith("- ")}
    elsewhere = [line[2:] for line in lines if line.startswith("+ ")]
    for name, (type_, help_, labels) in mock.items():
        if name not in real:
            if not any(re.fullmatch(pattern, name) for pattern in elsewhere):
                problems.append(f"{name}: the real exporter has no such family")
            continue
        for what, of_real, of_mock in zip(("type", "help", "labels"), real[name], (type_, help_, labels)):
            if of_real != of_mock:
                problems.append(f"{name}: {what} is {of_mock}, the real one's {of_real}")
    missing = sorted(set(real) - set(mock))
    print(f"{kind}: {len(real)} real families, {len(mock)} of the mock, which lacks {len(missing)}: {' '.join(missing)}")
    if os.environ.get("UPDATE_GOLDEN"):
        kept = [line for line in listed.read_text().splitlines() if not line.startswith("- ")]
        listed.write_text("\n".join(kept + ["- " + name for name in sorted(lacking | set(missing))]) + "\n")
    else:
        problems += [f"{name}: the mock lacks it" for name in missing if name not in lacking]
    for problem in problems:
        print("FAILED: " + problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
