#!/usr/bin/env python3
"""What a real Alertmanager sends, held against testdata/payloads.

Usage: compare_payloads.py

The Alertmanager is TOCSIN_ALERTMANAGER, or alertmanager or prometheus-alertmanager in PATH; without one of 0.32 or
later the test is skipped (77): earlier ones send other bodies.
"""
import http.server
import json
import os
import pathlib
import re
import shutil
import socket
import socketserver
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

SKIPPED = 77
FOLDER = pathlib.Path(__file__).parent / "testdata" / "payloads"
# Integrations that send to a place of their own, whatever is configured.
FIXED = {"pagerduty-version-1"}


def find_alertmanager():
    named = os.environ.get("TOCSIN_ALERTMANAGER")
    return named or shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")


def version_of(binary):
    shown = subprocess.run([binary, "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"version (\d+)\.(\d+)", shown.stdout + shown.stderr)
    return (int(found[1]), int(found[2])) if found else None


def read_cases():
    cases = {}
    for path in sorted(FOLDER.glob("*.txt")):
        head, sent = path.read_text().split("\n\n", 1)
        state, integration = head.split("\n", 1)
        cases[path.stem] = (state, integration, sent)
    return cases


class Mailbox(socketserver.StreamRequestHandler):
    def handle(self):
        self.reply("220 mock")
        mail = []
        while line := self.rfile.readline().decode().rstrip("\r\n"):
            word = line.upper()
            if word.startswith("DATA"):
                self.reply("354 go on")
                while (line := self.rfile.readline().decode()) not in (".\r\n", ""):
                    mail.append(line.rstrip("\r\n"))
                self.server.mails.append("\n".join(mail) + "\n")
            elif word.startswith(("MAIL", "RCPT")):
                mail.append(line.split(" BODY=")[0].split(" SMTPUTF8")[0])
            self.reply("221 bye" if word.startswith("QUIT") else "250 ok")
            if word.startswith("QUIT"):
                return

    def reply(self, text):
        self.wfile.write((text + "\r\n").encode())


class Hook(http.server.BaseHTTPRequestHandler):
    def take(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        name = self.path.split("/")[1]
        shown = f"{self.command} {self.path}\n"
        for header in ("User-Agent", "Content-Type", "Authorization"):
            if header in self.headers:
                shown += f"{header}: {self.headers[header]}\n"
        self.server.requests.setdefault(name, []).append(shown + "\n" + body)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    do_POST = do_PUT = take

    def log_message(self, *_):
        pass


def redirected(name, integration, port, mail_port):
    """The integration with its own place at the mock."""
    url = f"http://127.0.0.1:{port}/{name}"
    if integration.startswith("email"):
        return integration.replace("[{to:", f"[{{smarthost: '127.0.0.1:{mail_port}', require_tls: false, to:")
    if "app_token" in integration:
        return integration.replace("[{app_token", f"[{{app_url: '{url}', app_token")
    # The path of the golden URL stays behind the name.
    return re.sub(r"(url|api_url|webhook_url): 'http://[a-z]+(/?[^']*)'", rf"\1: '{url}\2'", integration)


def normal(text):
    """Without what differs by chance, version or place."""
    text = re.sub(r"User-Agent: \S+", "User-Agent: X", text)
    text = text.replace('"routeLabels":{},', "")
    text = re.sub(r'At":"(?!0001)[^"]*"', 'At":"X"', text)
    text = re.sub(r"^(POST|PUT) https?://[^/\n]+", r"\1 ", text, flags=re.M)
    text = re.sub(r"^(POST|PUT) /(webhook|slack|pagerduty|opsgenie|msteams)[a-z0-9-]*/?", r"\1 /", text, flags=re.M)
    text = re.sub(r"^(POST|PUT) +/?(api/chat\.postMessage)?", r"\1 /", text, flags=re.M)
    boundary = re.search(r"boundary=(\S+)", text)
    if boundary:
        text = text.replace(boundary[1], "B")
        head, body = text.split("\n\n", 1)
        text = "\n".join(sorted(head.split("\n"))) + "\n\n" + body
    return re.sub(r"^(Message-Id|Date): .*\n", "", text, flags=re.M)


def alert(instance, summary, ends=None):
    posted = {"labels": {"alertname": "HighLatency", "cluster": "c1", "instance": instance, "severity": "critical"},
              "annotations": {"runbook": "http://rb", "summary": summary}, "generatorURL": "http://prom/graph?g0.expr=x"}
    if ends:
        posted["endsAt"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(ends))
    return posted


def sent_by(binary, cases, state):
    """What arrives of the cases of one state, by name."""
    hook = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    mailbox = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mailbox)
    hook.requests, mailbox.mails = {}, []
    for server in (hook, mailbox):
        threading.Thread(target=server.serve_forever, daemon=True).start()
    wanted = {name: case for name, case in cases.items() if case[0] == state and name not in FIXED}
    lines = {}
    for name, case in wanted.items():
        kind, items = redirected(name, case[1], hook.server_address[1], mailbox.server_address[1]).split(": [", 1)
        lines.setdefault(kind, []).append(items.strip()[:-1])
    config = ("global: {smtp_from: am@example.org}\n"
              "route: {receiver: all, group_by: [alertname, cluster], group_wait: 1s, group_interval: 1s}\n"
              "receivers:\n- name: all\n")
    # Debian's reads the default templates from where it is installed, which may be another version's.
    own = pathlib.Path(binary).resolve().parents[1] / "share/prometheus/alertmanager"
    if own.is_dir():
        config = f"templates: ['{own}/*.tmpl']\n" + config
    config += "".join(f"  {kind}: [{', '.join(items)}]\n" for kind, items in lines.items())
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "alertmanager.yml"
        path.write_text(config)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        process = subprocess.Popen([binary, f"--config.file={path}", f"--storage.path={folder}/data",
                                    f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=",
                                    "--web.external-url=http://am.example:9093", "--web.route-prefix=/"],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            first = [alert("b:1", "slow")] if state == "resolved" else [
                alert("a:1", 'slow <b> & "q"'), alert("b:1", "slow")]
            post(port, process, first)
            wait(lambda: arrived(hook, mailbox, wanted, state == "resolved"), process)
            if state == "resolved":
                hook.requests.clear()
                post(port, process, [alert("b:1", "slow", time.time())])
                wait(lambda: arrived(hook, mailbox, wanted, False), process)
        finally:
            process.kill()
            process.communicate()
            for server in (hook, mailbox):
                server.shutdown()
                server.server_close()
    result = {name: "".join(requests) for name, requests in hook.requests.items()}
    for name in wanted:
        if name.startswith("email") and mailbox.mails:
            result[name] = mailbox.mails[-1]
    return wanted, result


def arrived(hook, mailbox, wanted, some):
    if some:  # those that say nothing of the end hear of the beginning, too
        return len(hook.requests) >= len(wanted) - 1
    several = {"opsgenie": 3}
    return all((mailbox.mails if name.startswith("email") else
                len(hook.requests.get(name, [])) >= several.get(name, 1)) for name in wanted
               if not name.startswith("slack-resolved"))


def post(port, process, alerts):
    request = urllib.request.Request(f"http://127.0.0.1:{port}/api/v2/alerts", json.dumps(alerts).encode(),
                                     {"Content-Type": "application/json"})

    def ready():
        try:
            urllib.request.urlopen(request, timeout=5).read()
            return True
        except urllib.error.HTTPError as error:
            raise RuntimeError(error.read().decode()) from None
        except (urllib.error.URLError, OSError):
            return False

    wait(ready, process)


def wait(condition, process):
    for _ in range(600):
        if condition():
            return
        if process.poll() is not None:
            raise RuntimeError("Alertmanager ended: " + process.stderr.read()[-2000:])
        time.sleep(0.05)
    process.kill()
    raise RuntimeError("nothing came for half a minute: " + process.stderr.read()[-3000:])


def main():
    binary = find_alertmanager()
    version = version_of(binary) if binary else None
    if version is None or version < (0, 32):
        print(f"skipped: no Alertmanager of 0.32 or later (found {binary} {version})")
        return SKIPPED
    cases = read_cases()
    wrong = compared = 0
    for state in ("firing", "resolved"):
        wanted, seen = sent_by(binary, cases, state)
        for name, case in wanted.items():
            if name not in seen:
                print(f"{name}: nothing was sent")
                continue
            compared += 1
            if normal(seen[name]) != normal(case[2]):
                wrong += 1
                print(f"{name} differs; Alertmanager sends:\n{normal(seen[name])}\nTocsin:\n{normal(case[2])}")
    print(f"{compared} payloads, {wrong} differ from those of Alertmanager {version[0]}.{version[1]}")
    return 1 if wrong or not compared else 0


if __name__ == "__main__":
    sys.exit(main())
