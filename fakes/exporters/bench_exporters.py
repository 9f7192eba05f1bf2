#!/usr/bin/env python3
"""How many pages a second the mock of node_exporter shows, beside the real one: bench_exporters.py TOCSIN [SECONDS
[ROUNDS]]

wrk asks both in turns for /metrics, plain and compressed. Servers are pinned to the last processor, wrk to the first.
The rows are best rounds: pages a second, CPU of the server for a page, bytes of a page. Figures compare within one run."""

import gzip
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request

from real_exporters import SKIP, mocks, page_of, real_node

TICK = os.sysconf("SC_CLK_TCK")
HERE = pathlib.Path(__file__).resolve().parent


def pinned(cpu, command):
    return ["taskset", "-c", str(cpu), *command] if shutil.which("taskset") else command


def cpu_of(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def listener_of(url):
    """The process that listens there, pinned to the last processor."""
    port = int(url.rsplit(":", 1)[1].split("/")[0])
    wanted = f"{port:04X}"
    inodes = {line.split()[9] for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]
              if line.split()[1].endswith(":" + wanted) and line.split()[3] == "0A"}
    for link in pathlib.Path("/proc").glob("[0-9]*/fd/*"):
        try:
            target = os.readlink(link)
        except OSError:
            continue
        if target.startswith("socket:[") and target[8:-1] in inodes:
            pid = int(link.parts[2])
            if shutil.which("taskset"):
                subprocess.run(["taskset", "-a", "-p", "-c", str((os.cpu_count() or 1) - 1), str(pid)],
                               capture_output=True, check=False)
            return pid
    sys.exit(f"nobody listens at {url}")


def size_of(url, headers):
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:
        body = answer.read()
        packed = answer.headers["Content-Encoding"] == "gzip"
    return len(body), len(gzip.decompress(body)) if packed else len(body)


def wrk(url, headers, seconds):
    options = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
    shown = subprocess.run(pinned(0, ["wrk", "-t1", "-c4", f"-d{seconds}s", *options, url]), capture_output=True,
                           text=True, check=True).stdout
    if "Non-2xx" in shown:
        sys.exit(f"{url} refuses: {shown}")
    return float(re.search(r"Requests/sec:\s+([\d.]+)", shown)[1]), int(re.search(r"(\d+) requests in", shown)[1])


def main():
    tocsin = sys.argv[1]
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 2
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 3
    if shutil.which("wrk") is None:
        print("skipped: wrk is not installed")
        return SKIP
    rows = {}
    with tempfile.TemporaryDirectory() as name:
        scratch = pathlib.Path(name)
        with mocks(tocsin, HERE / "testdata/real/node", scratch) as urls, real_node(scratch) as real:
            servers = {"node_exporter": real, "its mock": urls["node"] + "/metrics"}
            for url in servers.values():
                page_of(url, lambda page: "node_load1 " in page)
            pids = {who: listener_of(url) for who, url in servers.items()}
            for _ in range(rounds):
                for kind, headers in (("text", {}), ("gzip", {"Accept-Encoding": "gzip"})):
                    for who, url in servers.items():
                        before = cpu_of(pids[who])
                        rate, pages = wrk(url, headers, seconds)
                        cpu = (cpu_of(pids[who]) - before) / max(pages, 1)
                        sizes = size_of(url, headers)
                        best = rows.setdefault((kind, who), (0, 0, sizes))
                        if rate > best[0]:
                            rows[kind, who] = (rate, cpu, sizes)
    print(f"{'':22}{'pages/s':>9}{'CPU a page':>12}{'bytes':>9}{'sent':>9}")
    for (kind, who), (rate, cpu, (sent, plain)) in rows.items():
        print(f"{kind + ', ' + who:22}{rate:9.0f}{cpu * 1e3:9.2f} ms{plain:9}{sent:9}")
    for kind in ("text", "gzip"):
        ours, theirs = rows[kind, "its mock"], rows[kind, "node_exporter"]
        print(f"{kind}: the mock shows {ours[0] / theirs[0]:.1f} times as many pages a second")
    return 0


if __name__ == "__main__":
    sys.exit(main())
