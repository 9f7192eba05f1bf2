#!/usr/bin/env python3
"""Runs http_client_load and wrk in turns against the same nginx, each on one thread.

    compare_with_wrk.py HTTP_CLIENT_LOAD [CONNECTIONS [SECONDS [ROUNDS]]]

The client is pinned to the first processor and nginx to the second, when there are two. Only the
ratio means something: absolute figures change with the machine and its neighbours.
"""
import os
import re
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

NGINX = """
daemon off; worker_processes 1; pid {dir}/pid; error_log {dir}/error.log;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 1000000000; client_body_temp_path {dir}/body;
  proxy_temp_path {dir}/proxy; fastcgi_temp_path {dir}/fastcgi; uwsgi_temp_path {dir}/uwsgi;
  scgi_temp_path {dir}/scgi;
  server {{ listen 127.0.0.1:{port}; location / {{ return 200 "ok, all is well here\\n"; }} }}
}}
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def pinned(cpu, command):
    return ["taskset", "-c", str(cpu % os.cpu_count())] + command if shutil.which("taskset") else command


def wait_for(port):
    for _ in range(500):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.01)
    sys.exit("nginx did not start")


def measure(command, pattern):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    output = subprocess.run(pinned(0, command), capture_output=True, text=True).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    requests, rate = (float(re.search(p, output).group(1)) for p in pattern)
    user = after.ru_utime - before.ru_utime
    cpu = user + after.ru_stime - before.ru_stime
    return rate, cpu / requests * 1e6, user / requests * 1e6


def main():
    load, connections, seconds, rounds = (sys.argv[1:] + ["64", "2", "5"][len(sys.argv) - 2:])[:4]
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        config = os.path.join(folder, "nginx.conf")
        with open(config, "w") as out:
            out.write(NGINX.format(dir=folder, port=port))
        nginx = subprocess.Popen(pinned(1, ["nginx", "-p", folder, "-c", config]),
                                 stderr=subprocess.DEVNULL)
        try:
            wait_for(port)
            url = f"http://127.0.0.1:{port}/"
            tools = {
                "wrk": (["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", url],
                        (r"(\d+) requests in", r"Requests/sec:\s+([\d.]+)")),
                "tocsin": ([load, url, connections, seconds], (r"(\d+) requests", r", (\d+)/s")),
            }
            results = {name: [] for name in tools}
            for _ in range(int(rounds)):
                for name, tool in tools.items():
                    results[name].append(measure(*tool))
        finally:
            nginx.terminate()
            nginx.wait()
    medians = {name: [statistics.median(column) for column in zip(*rows)]
               for name, rows in results.items()}
    for name, (rate, cpu, user) in medians.items():
        print(f"{name:8} {rate:9.0f} requests/s  {cpu:6.2f} us CPU a request  ({user:.2f} user)")
    print(f"ratio    {medians['tocsin'][0] / medians['wrk'][0]:9.2f}")


if __name__ == "__main__":
    main()
