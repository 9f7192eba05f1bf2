#!/usr/bin/env python3
"""`tocsin run --live --grafana URL --jaeger URL` beside servers that answer as those two do.

dashboards_test.py TOCSIN. Their answers are facts of their HTTP APIs; there is no real one on a machine that
only has Debian's packages.
"""
import http.server
import json
import pathlib
import subprocess
import sys
import tempfile
import threading
import unittest

TOCSIN = pathlib.Path(sys.argv[1]).resolve()
TIME_LIMIT_S = 60
SYSTEM = """
system: shop
evaluation_interval: 1s
service:
  job: shop
  instance: shop-1
  port: 8000
  scrape: {interval: 1s, timeout: 900ms}
  endpoints: {/buy: {latency: {p50: 2ms, p99: 8ms}, status: {200: 100%}}}
"""
SCENARIO = "name: brief\nsystem: system.yaml\ntraffic: {rate: 50/s, for: 1s}\nexpect: {load: {requests: 40..60}}\n"
GRAFANA = {
    "/api/health": {"database": "ok", "version": "11.1.0", "commit": "abc"},
    "/api/datasources": [{"name": "Prometheus", "uid": "P1", "type": "prometheus", "url": "http://prometheus:9090"},
                         {"name": "Logs", "uid": "L1", "type": "loki"}],
    "/api/datasources/uid/P1/health": {"status": "OK", "message": "Successfully queried the Prometheus API."},
    "/api/datasources/uid/L1/health": {"status": "ERROR", "message": "connection refused"},
    "/api/search?type=dash-db&limit=5000": [{"uid": "o1", "title": "Overview", "type": "dash-db"}],
}
JAEGER = {"/": "<html>Jaeger UI</html>", "/api/services": {"data": ["shop"], "total": 1, "errors": None}}


class Site:
    """Answers GET requests from a table; None is a refusal of whoever has no token."""

    def __init__(self, answers, token=None):
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                site.asked.append(self.path)
                open_to_all = self.path in ("/api/health", "/")
                if token and not open_to_all and self.headers.get("Authorization") != "Bearer " + token:
                    self.reply(401, {"message": "Unauthorized"})
                elif self.path in answers:
                    self.reply(200, answers[self.path])
                else:
                    self.reply(404, {"message": "Not found"})

            def reply(self, status, content):
                body = (content if isinstance(content, str) else json.dumps(content)).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.asked = []
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def run(*arguments):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "system.yaml").write_text(SYSTEM)
        (folder / "brief.yaml").write_text(SCENARIO)
        (folder / "token").write_text("s3cret\n")
        arguments = [str(folder / "token") if a == "TOKEN" else a for a in arguments]
        done = subprocess.run([TOCSIN, "run", folder / "brief.yaml", "--live", *arguments], capture_output=True,
                              text=True, timeout=TIME_LIMIT_S)
        return done.returncode, done.stdout + done.stderr


class DashboardsTest(unittest.TestCase):
    def test_all_is_well(self):
        with Site(GRAFANA) as grafana, Site(JAEGER) as jaeger:
            code, said = run("--grafana", grafana.url, "--grafana-datasource", "Prometheus", "--grafana-dashboard",
                             "Overview", "--grafana-dashboard", "o1", "--jaeger", jaeger.url, "--jaeger-service",
                             "shop")
            self.assertEqual(code, 0, said)
            # 1 of the load, 4 of Grafana, 3 of Jaeger.
            self.assertIn("8/8", said)
            self.assertEqual(grafana.asked.count("/api/health"), 2)

    def test_any_prometheus(self):
        with Site(GRAFANA) as grafana:
            code, said = run("--grafana", grafana.url)
            self.assertEqual(code, 0, said)
        with Site({**GRAFANA, "/api/datasources": []}) as grafana:
            code, said = run("--grafana", grafana.url)
            self.assertEqual(code, 1, said)
            self.assertIn("a datasource of type prometheus is well", said)
            self.assertIn("there is none", said)

    def test_what_is_wrong(self):
        with Site(GRAFANA) as grafana, Site(JAEGER) as jaeger:
            code, said = run("--grafana", grafana.url, "--grafana-datasource", "Logs", "--grafana-datasource",
                             "Promteheus", "--grafana-dashboard", "Overviews", "--jaeger", jaeger.url,
                             "--jaeger-service", "shopp")
            self.assertEqual(code, 1, said)
            for line in ("datasource Logs is well", "does not work: ERROR connection refused",
                         "datasource Promteheus is well", 'did you mean "Prometheus"?',
                         "dashboard Overviews is well", 'did you mean "Overview"?',
                         "service shopp is well", 'did you mean "shop"?'):
                self.assertIn(line, said)

    def test_database_is_gone(self):
        with Site({**GRAFANA, "/api/health": {"database": "failing"}}) as grafana:
            code, said = run("--grafana", grafana.url)
            self.assertEqual(code, 1, said)
            self.assertIn('its database is "failing"', said)

    def test_needs_a_token(self):
        with Site(GRAFANA, token="s3cret") as grafana:
            code, said = run("--grafana", grafana.url)
            self.assertEqual(code, 1, said)
            self.assertIn("--grafana-token-file", said)
            code, said = run("--grafana", grafana.url, "--grafana-token-file", "TOKEN")
            self.assertEqual(code, 0, said)
            self.assertNotIn("s3cret", said)

    def test_nobody_answers(self):
        with Site({}) as gone:
            pass
        code, said = run("--grafana", gone.url, "--jaeger", gone.url)
        self.assertEqual(code, 1, said)
        self.assertIn("Grafana at " + gone.url + " does not answer", said)
        self.assertIn("Jaeger at " + gone.url + " does not answer", said)

    def test_mistakes(self):
        for arguments, words in ((("--jaeger-service", "x"), "--jaeger-service needs --jaeger"),
                                 (("--grafana-dashboard", "x"), "--grafana-dashboard needs --grafana"),
                                 (("--grafana", "grafana"), "--grafana: "),
                                 (("--grafana", "http://x", "--grafana-token-file", __file__),
                                  "does not hold one line with a token")):
            code, said = run(*arguments)
            self.assertEqual(code, 2, said)
            self.assertIn(words, said)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]])
