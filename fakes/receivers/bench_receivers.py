#!/usr/bin/env python3
"""How many notifications a second the receivers hold: bench_receivers.py RECEIVERS_HOST [SECONDS [ROUNDS]]

wrk posts what Alertmanager sends, to the receivers and to an nginx that answers 200 without a look, in turns; nginx is
what the machine can do. Mails come over one connection. Servers are pinned to the last processor, clients to the first.
The rows are best rounds; the promise is 1,000 a second on one core, that is under 1,000 us of CPU each.
"""
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

from receivers_host import Receivers

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PAYLOADS = ROOT / "harness/alerting/testdata/payloads"
NGINX = """
daemon off; worker_processes 1; pid {dir}/pid; error_log {dir}/error.log;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 1000000000; client_body_temp_path {dir}/body; client_body_buffer_size 1m;
  proxy_temp_path {dir}/proxy; fastcgi_temp_path {dir}/fastcgi; uwsgi_temp_path {dir}/uwsgi; scgi_temp_path {dir}/scgi;
  server {{ listen 127.0.0.1:{port}; location / {{ return 200 "ok"; }} }}
}}
"""
TICK = os.sysconf("SC_CLK_TCK")


def cpu_of(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def pinned(cpu, command):
    return ["taskset", "-c", str(cpu), *command] if shutil.which("taskset") else command


def body_of(name):
    return re.search(r"\n\n(.*\n)", (PAYLOADS / f"{name}.txt").read_text().split("\n\n", 1)[1])[1]


def wrk(folder, url, body, seconds):
    """Requests a second, and how many."""
    script = folder / "post.lua"
    script.write_text(f"wrk.method = 'POST'\nwrk.headers['Content-Type'] = 'application/json'\n"
                      f"wrk.headers['Authorization'] = 'GenieKey k'\nwrk.body = {json.dumps(body)}\n")
    shown = subprocess.run(pinned(0, ["wrk", "-t1", "-c32", f"-d{seconds}s", "-s", str(script), url]),
                           capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in shown:
        sys.exit(f"{url} refuses: {shown}")
    return float(re.search(r"Requests/sec:\s+([\d.]+)", shown)[1]), int(re.search(r"(\d+) requests in", shown)[1])


def measured(pid, run):
    before = cpu_of(pid)
    rate, count = run()
    return rate, (cpu_of(pid) - before) / count * 1e6


def mails(address, message, seconds):
    host, port = address.rsplit(":", 1)
    end = time.monotonic() + seconds
    count = 0
    with socket.create_connection((host, int(port))) as connection, connection.makefile("rb") as replies:
        def reply():
            while (line := replies.readline())[3:4] == b"-":
                pass
            if not line.startswith((b"2", b"3")):
                sys.exit(f"the mail server says {line!r}")
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        reply()
        connection.sendall(b"EHLO bench\r\n")
        reply()
        while time.monotonic() < end and count < 300:  # a connection has its bounds
            connection.sendall(b"MAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\n")
            for _ in range(3):
                reply()
            connection.sendall(message)
            reply()
            count += 1
    return count


def mail_rate(address, message, seconds):
    began = time.monotonic()
    count = 0
    while time.monotonic() - began < seconds:
        count += mails(address, message, began + seconds - time.monotonic())
    return count / (time.monotonic() - began), count


def default_mail():
    """About what the default template makes of two alerts: 12 kB of HTML, quoted-printable."""
    row = "<tr style=3D\"margin: 0; box-sizing: border-box; font-size: 14px;\"><td>Labels</td></tr>=\r\n"
    return ("Subject: [FIRING:2] HighLatency c1 (critical)\r\nFrom: a@x\r\nTo: b@x\r\n"
            "Content-Type: multipart/alternative;  boundary=3Dabc\r\nMIME-Version: 1.0\r\n\r\n--3Dabc\r\n"
            "Content-Transfer-Encoding: quoted-printable\r\nContent-Type: text/html; charset=UTF-8\r\n\r\n"
            + row * 130 + "\r\n--3Dabc--\r\n.\r\n").encode()


def row(name, results):
    rate, _ = max(results)
    cpu = min(cost for _, cost in results)
    print(f"{name:<12} {rate:8.0f}/s {cpu:8.1f} us of CPU each", flush=True)
    return cpu


def main():
    binary, seconds, rounds = (sys.argv[1:] + ["2", "3"][len(sys.argv) - 2:])[:3]
    seconds, rounds = int(seconds), int(rounds)
    if not shutil.which("wrk") or not shutil.which("nginx"):
        print("skipped: needs wrk and nginx")
        return
    last = os.cpu_count() - 1
    with tempfile.TemporaryDirectory() as name, Receivers(binary, {}) as receivers:
        folder = pathlib.Path(name)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        (folder / "nginx.conf").write_text(NGINX.format(dir=name, port=port))
        nginx = subprocess.Popen(pinned(last, ["nginx", "-p", name, "-c", f"{name}/nginx.conf"]), stderr=subprocess.DEVNULL)
        try:
            time.sleep(0.5)
            worker = subprocess.run(["pgrep", "-P", str(nginx.pid)], capture_output=True, text=True, check=True).stdout.split()[0]
            os.sched_setaffinity(receivers.process.pid, {last})
            for thread in os.listdir(f"/proc/{receivers.process.pid}/task"):
                os.sched_setaffinity(int(thread), {last})
            kinds = {"webhook": "", "slack": "", "pagerduty": "", "opsgenie": "/v2/alerts", "msteams": ""}
            results = {kind: [] for kind in ["nginx", *kinds, "email"]}
            for _ in range(rounds):
                body = body_of("webhook")
                results["nginx"].append(measured(worker, lambda b=body: wrk(folder, f"http://127.0.0.1:{port}/", b, seconds)))
                for kind, path in kinds.items():
                    url = receivers["base"].replace("webhook", kind) + path
                    results[kind].append(measured(receivers.process.pid,
                                                  lambda u=url, b=body_of(kind): wrk(folder, u, b, seconds)))
                    receivers.ask("forget")
                results["email"].append(measured(receivers.process.pid,
                                                 lambda: mail_rate(receivers["smtp"], default_mail(), seconds)))
                receivers.ask("forget")
        finally:
            nginx.terminate()
            nginx.wait()
    peer = row("nginx", results.pop("nginx"))
    for kind, rows in results.items():
        cpu = row(kind, rows)
        if kind != "email":
            print(f"{'':<12} {cpu / peer:8.1f} times nginx")


if __name__ == "__main__":
    main()
