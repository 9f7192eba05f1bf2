#!/usr/bin/env python3
"""`tocsin backtest --prometheus` against a real Prometheus, with every kind of trouble on the way to it.

backtest_prometheus_test.py TOCSIN. Exit code 77 (skipped) where prometheus or promtool is not installed.
"""

import http.server
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

TOCSIN = os.path.abspath(sys.argv[1])
DATA = pathlib.Path(__file__).resolve().parent / "testdata/backtest"
SPAN = ["--from", "2026-01-28T09:00:00Z", "--to", "2026-01-28T10:00:00Z"]
TOKEN = "s3cr3t-t0k3n"
PATIENCE_S = 60


def fail(why):
    raise SystemExit("FAILED: " + why)


def expect(condition, why):
    if not condition:
        fail(why)


def wait_for(what, condition):
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > deadline:
            fail(f"{what} did not happen within {PATIENCE_S} s")
        time.sleep(0.02)


class Prometheus:
    """A real one on the samples' blocks."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "prometheus.yml").write_text("global: {scrape_interval: 1h}\n")
        subprocess.run(["promtool", "tsdb", "create-blocks-from", "openmetrics", DATA / "samples.om",
                        folder / "blocks"], check=True, capture_output=True)
        with socket.socket() as chosen:
            chosen.bind(("127.0.0.1", 0))
            self.port = chosen.getsockname()[1]
        self.start()

    def start(self):
        log = open(self.folder / "log", "ab")
        self.process = subprocess.Popen(
            ["prometheus", f"--config.file={self.folder}/prometheus.yml", f"--storage.tsdb.path={self.folder}/blocks",
             "--storage.tsdb.retention.time=100y", f"--web.listen-address=127.0.0.1:{self.port}"],
            stdout=log, stderr=log)
        wait_for("Prometheus is ready", self.is_ready)

    def is_ready(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=2) as answer:
                return answer.status == 200
        except OSError:
            return False

    def kill(self):
        self.process.kill()
        self.process.wait()


class Front(http.server.ThreadingHTTPServer):
    """Stands before the Prometheus; `trouble(number, query)` may answer instead of it."""

    daemon_threads = True

    def __init__(self, prometheus):
        super().__init__(("127.0.0.1", 0), Handler)
        self.prometheus = prometheus
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()
        self.reset()

    def reset(self, trouble=None):
        self.queries = []
        self.trouble = trouble


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        front = self.server
        body = self.rfile.read(int(self.headers["Content-Length"]))
        query = urllib.parse.parse_qs(body.decode())["query"][0]
        front.queries.append(query)
        answer = front.trouble(len(front.queries), query, self.headers) if front.trouble else None
        if answer is None:
            answer = self.forward(body)
        if answer == "drop":
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        status, headers, content = answer
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def forward(self, body):
        request = urllib.request.Request(f"http://127.0.0.1:{self.server.prometheus.port}{self.path}", body)
        request.add_header("Accept-Encoding", "gzip")
        try:
            with urllib.request.urlopen(request, timeout=30) as got:
                kept = {name: value for name, value in got.headers.items()
                        if name in ("Content-Type", "Content-Encoding")}
                return got.status, kept, got.read()
        except urllib.error.HTTPError as error:
            return error.code, {}, error.read()
        except OSError:
            return 502, {}, b"nobody is there"

    def log_message(self, *_):
        pass


def error_answer(status, error, headers=None):
    return status, headers or {}, json.dumps({"status": "error", "errorType": "execution", "error": error}).encode()


def seconds_of(query):
    return int(re.search(r"\[(\d+)ms\]$", query)[1]) / 1000


class Test:
    def __init__(self, folder, front):
        self.folder = folder
        self.front = front
        self.truth = self.run_files()

    def run_files(self):
        return json.loads(subprocess.run(
            [TOCSIN, "backtest", "--samples", "samples.om", "rules.yml", *SPAN, "--format", "json"], cwd=DATA,
            check=True, capture_output=True).stdout)["result"]

    def command(self, *arguments):
        return [TOCSIN, "backtest", "--prometheus", self.front.url, "rules.yml", *SPAN, "--format", "json",
                "--retry-pause", "10ms", *arguments]

    def run(self, *arguments, trouble=None, exit=0):
        """What was printed to stderr; with exit 0 the result is held against that of the file."""
        self.front.reset(trouble)
        done = subprocess.run(self.command(*arguments), cwd=DATA, capture_output=True, text=True, timeout=PATIENCE_S)
        expect(done.returncode == exit, f"expected exit {exit}, got {done.returncode}: {done.stderr}")
        expect(TOKEN not in done.stdout + done.stderr, "a secret was printed")
        if exit == 0:
            report = json.loads(done.stdout)
            expect(report["result"] == self.truth, "the result differs from that of the file")
            expect(report["samples"]["without_stale_markers"], "stale markers are missing without a word")
        return done.stderr

    def same_as_from_the_file(self):
        self.run()
        expect(sorted({query.split("[")[0] for query in self.front.queries}) ==
               ['{__name__="requests_total"}', '{__name__="up"}'], f"asked for {self.front.queries}")

    def smaller_chunks_when_asked(self):
        def limited(_, query, __):
            if seconds_of(query) > 700:
                return error_answer(422, "query processing would load too many samples into memory in query execution")
        self.run(trouble=limited)
        expect(len(self.front.queries) > 10, "the chunks did not become smaller")

    def patient(self):
        def shaky(number, _, __):
            return {1: error_answer(503, "starting up"), 2: error_answer(429, "slow down", {"Retry-After": "0"}),
                    3: "drop", 5: (502, {}, b"<html>bad gateway</html>"), 6: "drop", 7: "drop"}.get(number)
        self.run(trouble=shaky)

    def refused(self):
        printed = self.run(trouble=lambda *_: error_answer(400, "no such thing"), exit=3)
        expect("400 Bad Request: execution: no such thing" in printed and len(self.front.queries) == 1, printed)
        printed = self.run(trouble=lambda *_: error_answer(500, "broken"), exit=3)
        expect(len(self.front.queries) == 8, "tried other than 8 times")
        printed = self.run(trouble=lambda *_: (200, {}, b"<html>a login page</html>"), exit=3)
        expect("cannot be read" in printed, printed)
        printed = self.run(trouble=lambda *_: (302, {"Location": "/login"}, b""), exit=3)
        expect("302" in printed, printed)

    def deadline(self):
        release = threading.Event()
        printed = self.run("--deadline", "300ms", trouble=lambda *_: release.wait(PATIENCE_S) and "drop", exit=3)
        release.set()
        expect("timeout" in printed, printed)

    def secrets(self):
        token = self.folder / "token"
        token.write_text(TOKEN + "\n")

        def guarded(_, __, headers):
            if headers["Authorization"] != "Bearer " + TOKEN or headers["X-Scope"] != "team":
                return error_answer(401, "who are you")
        printed = self.run(trouble=guarded, exit=3)
        expect("--bearer-token-file" in printed, printed)
        cache = self.folder / "secret-cache"
        self.run("--bearer-token-file", str(token), "--header", "X-Scope: team", "--cache", str(cache), trouble=guarded)
        expect(TOKEN.encode() not in cache.read_bytes(), "a secret is in the cache")
        self.run("--header", TOKEN, exit=2)

    def server_dies(self):
        cache = str(self.folder / "cache-of-server")

        def mortal(number, query, _):
            if seconds_of(query) > 1300:
                return error_answer(422, "too many samples")
            if number >= 5:
                self.front.prometheus.kill()
        printed = self.run("--cache", cache, trouble=mortal, exit=3)
        expect("goes on from there" in printed, printed)
        self.front.prometheus.start()
        self.run("--cache", cache)
        asked = len(self.front.queries)
        self.run("--cache", cache)
        expect(asked > 0 and not self.front.queries, f"asked {asked} times, then {self.front.queries}")
        # A longer time needs only what is new.
        self.front.reset()
        wider = self.command("--cache", cache, "--from", "2026-01-28T08:00:00Z")
        del wider[wider.index("--from"):wider.index("--from") + 2]
        subprocess.run(wider, cwd=DATA, check=True, capture_output=True)
        expect(all(seconds_of(query) <= 3601 for query in self.front.queries) and self.front.queries,
               f"asked again for all: {self.front.queries}")

    def tocsin_dies(self):
        for how, code in ((signal.SIGKILL, -9), (signal.SIGINT, 3)):
            cache = self.folder / f"cache-{how}"
            release = threading.Event()

            def slow(number, query, _):
                if seconds_of(query) > 1300:
                    return error_answer(422, "too many samples")
                if number >= 6:
                    release.wait(PATIENCE_S)
                    return "drop"
            self.front.reset(slow)
            process = subprocess.Popen(self.command("--cache", str(cache)), cwd=DATA, stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE)
            wait_for("the sixth request", lambda: len(self.front.queries) >= 6)
            process.send_signal(how)
            process.communicate(timeout=PATIENCE_S)
            release.set()
            expect(process.returncode == code, f"expected exit {code}, got {process.returncode}")
            kept = cache.read_bytes()
            expect(kept.count(b"requests_total") >= 1, "nothing was kept")
            # A record that was cut off is fetched again.
            cache.write_bytes(kept[:-7])
            self.run("--cache", str(cache))
            expect(self.front.queries, "the damaged record was used")

    def caches_of_others(self):
        cache = self.folder / "other"
        cache.write_text("tocsin-samples-cache 1 http://elsewhere/\n")
        printed = self.run("--cache", str(cache), exit=2)
        expect("http://elsewhere/" in printed, printed)
        cache.write_text("# my notes\n")
        self.run("--cache", str(cache), exit=2)
        expect(cache.read_text() == "# my notes\n", "a file that is no cache was changed")


def main():
    if not shutil.which("prometheus") or not shutil.which("promtool"):
        raise SystemExit(77)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        prometheus = Prometheus(folder)
        try:
            test = Test(folder, Front(prometheus))
            for case in (test.same_as_from_the_file, test.smaller_chunks_when_asked, test.patient, test.refused,
                         test.deadline, test.secrets, test.server_dies, test.tocsin_dies, test.caches_of_others):
                case()
                print("ok", case.__name__, flush=True)
        finally:
            prometheus.kill()


main()
