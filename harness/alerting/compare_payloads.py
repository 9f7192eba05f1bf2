#!/usr/bin/env python3
"""What a real Alertmanager sends, held against testdata/payloads.

Usage: compare_payloads.py [ALERTMANAGER...]

Without arguments the Alertmanager is TOCSIN_ALERTMANAGER, or alertmanager or prometheus-alertmanager in PATH; without
one the test is skipped (77). A case says since which version Alertmanager sends what it has; earlier ones leave it out.
Services that Alertmanager knows at one place only are reached through a proxy, behind a certificate of our own.
"""
import base64
import http.server
import json
import os
import pathlib
import re
import shutil
import socket
import socketserver
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

SKIPPED = 77
FOLDER = pathlib.Path(__file__).parent / "testdata" / "payloads"
# Kinds that send to a place of their own, whatever is configured.
FIXED = ("pushover", "service_key")
# What is told although it is over only when that is asked for.
QUIET = ("slack", "email", "wechat", "rocketchat")
# Headers that Go, HTTP or chance writes.
SET_BY_GO = {"Host", "Content-Length", "Accept-Encoding", "Connection", "Amz-Sdk-Invocation-Id", "Amz-Sdk-Request",
             "X-Amz-Date"}
# A User-Agent of its own is written by Alertmanager; others are those of the libraries that it uses.
OWN_AGENT = re.compile(r"^User-Agent: (?!Alertmanager/).*\n", re.M)


def find_alertmanager():
    named = os.environ.get("TOCSIN_ALERTMANAGER")
    return named or shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")


def version_of(binary):
    shown = subprocess.run([binary, "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"version (\d+)\.(\d+)", shown.stdout + shown.stderr)
    return (int(found[1]), int(found[2])) if found else None


class Case:
    """A file of testdata/payloads."""

    def __init__(self, text):
        head, self.sent = text.split("\n\n", 1)
        first, self.integration, *answers = head.split("\n")
        words = first.split()
        self.state = words[0]
        self.since = tuple(map(int, words[2].split("."))) if words[1:2] == ["since"] else (0, 25)
        self.answers = [answer.split(" ", 3)[1:] for answer in answers]
        self.requests = len(re.findall(r"^(GET|POST|PUT) http", self.sent, re.M))

    def is_mail(self):
        return self.integration.startswith("email")

    def says_nothing(self):
        """Of the end of alerts."""
        return self.state == "resolved" and self.integration.startswith(QUIET) and "send_resolved" not in self.integration

    def answer_to(self, method, path):
        for wanted, end, body in self.answers:
            if method == wanted and path.split("?")[0].endswith(end):
                return body
        return "ok"


def read_cases():
    return {path.stem: Case(path.read_text()) for path in sorted(FOLDER.glob("*.txt"))}


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
    protocol_version = "HTTP/1.1"
    tunnel = None  # whose it is, and the host

    def do_CONNECT(self):
        name = base64.b64decode(self.headers["Proxy-Authorization"].split()[1]).decode().split(":")[0]
        self.send_response(200)
        self.end_headers()
        self.connection = self.server.tls.wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", buffering=0)
        self.tunnel = (name, self.path.removesuffix(":443"))
        self.close_connection = False

    def take(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        name = self.tunnel[0] if self.tunnel else self.path.split("/")[1].split("?")[0]
        place = f"https://{self.tunnel[1]}" if self.tunnel else ""
        shown = f"{self.command} {place}{self.path}\n"
        for header, value in self.headers.items():
            if header not in SET_BY_GO:
                shown += f"{header}: {value}\n"
        body = body if body.endswith("\n") else body + "\n"
        self.server.requests.setdefault(name, []).append(shown + "\n" + body)
        case = self.server.cases.get(name)
        answer = (case.answer_to(self.command, self.path) if case else "ok").encode()
        self.send_response(200)
        kind = {b"{": "application/json", b"<": "text/xml"}.get(answer[:1], "text/plain")
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST = do_PUT = take

    def log_message(self, *_):
        pass


class Quiet:
    """Servers whose clients may be killed."""

    def handle_error(self, *_):
        pass


class HookServer(Quiet, http.server.ThreadingHTTPServer):
    pass


class MailServer(Quiet, socketserver.ThreadingTCPServer):
    pass


def redirected(name, integration, port, mail_port):
    """The integration with its own place at the mock."""
    url = f"http://127.0.0.1:{port}/{name}"
    if integration.startswith("email"):
        return integration.replace("[{to:", f"[{{smarthost: '127.0.0.1:{mail_port}', require_tls: false, to:")
    if any(word in integration for word in FIXED):
        proxy = f"http://{name}:x@127.0.0.1:{port}"
        return integration.replace("[{", f"[{{http_config: {{proxy_url: '{proxy}', "
                                         "tls_config: {insecure_skip_verify: true}}, ", 1)
    if "app_token" in integration:
        return integration.replace("[{app_token", f"[{{app_url: '{url}', app_token")
    # The path of the golden URL stays behind the name.
    return re.sub(r"\b(url|api_url|webhook_url): 'http://[a-z]+(/?[^']*)'", rf"\1: '{url}\2'", integration)


def normal_request(text, name):
    """Without what differs by version or place; headers in order."""
    head, body = text.split("\n\n", 1)
    first, *headers = head.split("\n")
    first = re.sub(rf"^(\S+) (http://[^/\n]+)?(/{name}(?![\w-]))?/*", r"\1 /", first)
    first = first.replace(" /https:", " https:").replace("https://slack.com/api/chat.postMessage", "/")
    headers = [re.sub(r"Signature=.*|, SignedHeaders=.*|/\d{8}/", "", header) for header in headers
               if not header.startswith("X-Amz-Date")]
    return "\n".join([first, *sorted(headers)]) + "\n\n" + body


def normal(text, name):
    """Without what differs by chance, version or place."""
    text = OWN_AGENT.sub("", text)
    text = re.sub(r"User-Agent: \S+", "User-Agent: X", text)
    text = text.replace('"routeLabels":{},', "")
    text = re.sub(r'At":"(?!0001)[^"]*"', 'At":"X"', text)
    boundary = re.search(r"boundary=(\S+)", text)
    if boundary:
        text = text.replace(boundary[1], "B")
        head, body = text.split("\n\n", 1)
        text = "\n".join(sorted(head.split("\n"))) + "\n\n" + body
        return re.sub(r"^(Message-Id|Date): .*\n", "", text, flags=re.M)
    requests = re.split(r"^(?=(?:GET|POST|PUT) (?:http|/))", text, flags=re.M)
    return "".join(normal_request(request, name) for request in requests if request)


def alert(instance, summary, ends=None):
    posted = {"labels": {"alertname": "HighLatency", "cluster": "c1", "instance": instance, "severity": "critical"},
              "annotations": {"runbook": "http://rb", "summary": summary}, "generatorURL": "http://prom/graph?g0.expr=x"}
    if ends:
        posted["endsAt"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(ends))
    return posted


def certificate(folder):
    """A server's TLS, good for nobody who looks at it."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=mock", "-days", "2",
                    "-keyout", f"{folder}/key", "-out", f"{folder}/certificate"], check=True, capture_output=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(f"{folder}/certificate", f"{folder}/key")
    return tls


def config_for(binary, cases, hook, mailbox):
    lines = {}
    for name, case in cases.items():
        made = redirected(name, case.integration, hook.server_address[1], mailbox.server_address[1])
        kind, items = made.split(": [", 1)
        lines.setdefault(kind, []).append(items.strip()[:-1])
    config = ("global: {smtp_from: am@example.org}\n"
              "route: {receiver: all, group_by: [alertname, cluster], group_wait: 1s, group_interval: 1s}\n"
              "receivers:\n- name: all\n")
    # Debian's reads the default templates from where it is installed, which may be another version's.
    own = pathlib.Path(binary).resolve().parents[1] / "share/prometheus/alertmanager"
    if own.is_dir():
        config = f"templates: ['{own}/*.tmpl']\n" + config
    return config + "".join(f"  {kind}: [{', '.join(items)}]\n" for kind, items in lines.items())


def sent_by(binary, cases, state):
    """What arrives of the cases of one state, by name."""
    hook = HookServer(("127.0.0.1", 0), Hook)
    mailbox = MailServer(("127.0.0.1", 0), Mailbox)
    hook.requests, mailbox.mails = {}, []
    hook.cases = {name: case for name, case in cases.items() if case.state == state}
    with tempfile.TemporaryDirectory() as folder:
        hook.tls = certificate(folder)
        for server in (hook, mailbox):
            server.daemon_threads = True
            threading.Thread(target=server.serve_forever, daemon=True).start()
        path = pathlib.Path(folder) / "alertmanager.yml"
        path.write_text(config_for(binary, hook.cases, hook, mailbox))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        process = subprocess.Popen([binary, f"--config.file={path}", f"--storage.path={folder}/data",
                                    f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=",
                                    "--web.external-url=http://am.example:9093", "--web.route-prefix=/"],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            if state == "resolved":
                post(port, process, [alert("b:1", "slow")])
                # Those that say nothing of the end hear of the beginning, too.
                wait(lambda: all(name in hook.requests for name in hook.cases), process, hook, mailbox)
                # WeChat's token is kept for the next time.
                hook.requests = {name: [one for one in all_of_it if "gettoken" in one]
                                 for name, all_of_it in hook.requests.items()}
                post(port, process, [alert("b:1", "slow", time.time())])
            else:
                post(port, process, [alert("a:1", 'slow <b> & "q"'), alert("b:1", "slow")])
            wait(lambda: arrived(hook, mailbox), process, hook, mailbox)
        finally:
            process.kill()
            process.communicate()
            for server in (hook, mailbox):
                server.shutdown()
                server.server_close()
    result = {name: "".join(requests) for name, requests in hook.requests.items()}
    for name, case in hook.cases.items():
        if case.is_mail() and mailbox.mails:
            result[name] = mailbox.mails[-1]
    return result


def arrived(hook, mailbox):
    return all(mailbox.mails if case.is_mail() else len(hook.requests.get(name, [])) >= case.requests
               for name, case in hook.cases.items() if not case.says_nothing())


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


def wait(condition, process, hook=None, mailbox=None):
    for _ in range(600):
        if condition():
            return
        if process.poll() is not None:
            raise RuntimeError("Alertmanager ended: " + process.stderr.read()[-1200:])
        time.sleep(0.05)
    process.kill()
    if hook is None:
        raise RuntimeError("Alertmanager does not answer: " + process.stderr.read()[-3000:])
    for name, case in hook.cases.items():
        came = len(mailbox.mails) if case.is_mail() else len(hook.requests.get(name, []))
        print(f"{name}: {came} of {case.requests} requests came in half a minute")
    print(process.stderr.read()[-3000:])


def compare(binary):
    """How many payloads were compared, and how many differ."""
    version = version_of(binary)
    cases = {name: case for name, case in read_cases().items() if version >= case.since}
    wrong = compared = 0
    for state in ("firing", "resolved"):
        seen = sent_by(binary, cases, state)
        for name, case in cases.items():
            if case.state != state or case.says_nothing():
                continue
            compared += 1
            real, ours = normal(seen.get(name, ""), name), normal(case.sent, name)
            if real != ours:
                wrong += 1
                print(f"{name} differs; Alertmanager sends:\n{real}\nTocsin:\n{ours}")
    print(f"{compared} payloads, {wrong} differ from those of Alertmanager {version[0]}.{version[1]}")
    return compared, wrong


def main():
    binaries = sys.argv[1:] or [binary for binary in [find_alertmanager()] if binary]
    binaries = [binary for binary in binaries if version_of(binary)]
    if not binaries:
        print("skipped: no Alertmanager found")
        return SKIPPED
    results = [compare(binary) for binary in binaries]
    return 1 if any(wrong or not compared for compared, wrong in results) else 0


if __name__ == "__main__":
    sys.exit(main())
