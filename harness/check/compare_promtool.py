#!/usr/bin/env python3
"""Holds what `tocsin check` refuses of prometheus.yml to what promtool does, where there is a promtool.

What is left out on purpose: keys that no version knows, unless they are nearly one that is known (newer versions have
more of them), and all that stands in parts that `tocsin check` does not read.
Usage: compare_promtool.py TOCSIN"""
import pathlib
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77
TOCSIN = pathlib.Path(sys.argv[1]).resolve()

CONFIGS = """
rule_files: ["alerts.yml"]
---
rule_files: ["a/*/b.yml"]
---
rule_files: ["a/b*.yml", "c.yml"]
---
scrape_configs: [{job_name: a}, {job_name: b}]
---
scrape_configs: [{job_name: a}, {job_name: a}]
---
scrape_configs: [{static_configs: [{targets: [a]}]}]
---
scrape_configs: [{job_name: a, scrape_interval: 10s, scrape_timeout: 20s}]
---
scrape_configs: [{job_name: a, scrape_timeout: 2m}]
---
scrape_configs: [{job_name: a, scrape_interval: 2m, scrape_timeout: 2m}]
---
scrape_configs: [{job_name: a, scrape_intervall: 10s}]
---
scrape_configs: [{job_name: a, static_configs: [{targets: ["a:9"]}]}]
---
scrape_configs: [{job_name: a, static_configs: [{targets: ["http://a:9"]}]}]
---
scrape_configs:
---
global: {scrape_interval: 5}
scrape_configs: []
---
global: {scrape_interval: 5s, scrape_timeout: 5s}
scrape_configs: []
---
global: {scrape_interval: 5s, scrape_timeout: 6s}
scrape_configs: []
---
global: {scrape_intervall: 5s}
scrape_configs: []
---
global: {evaluation_interval: 1x}
scrape_configs: []
---
global: {external_labels: {a-b: c}}
scrape_configs: []
---
global: {external_labels: {a_b: c}}
scrape_configs: []
---
rule_file: [a.yml]
scrape_configs: []
---
scrape_configs: []
alerting: {alertmanagers: [{static_configs: [{targets: ["a:9093"]}]}]}
---
scrape_configs: []
alerting: {alertmanager: [{static_configs: [{targets: ["a:9093"]}]}]}
---
scrape_configs: [
"""


def accepts(command):
    done = subprocess.run(command, capture_output=True, text=True)
    return done.returncode == 0, done.stdout + done.stderr


def main():
    promtool = shutil.which("promtool")
    if promtool is None:
        print("no promtool here")
        return SKIPPED
    apart = 0
    configs = [config.lstrip("\n") for config in CONFIGS.split("\n---\n")]
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "prometheus.yml"
        for config in configs:
            file.write_text(config + "\n")
            theirs, their_words = accepts([promtool, "check", "config", "--syntax-only", file])
            ours, our_words = accepts([TOCSIN, "check", file, "--only", "prometheus/invalid"])
            if theirs != ours:
                apart += 1
                print(f"{config}\npromtool: {their_words}\ntocsin: {our_words}\n")
    print(f"{len(configs)} configurations, {apart} judged otherwise than by promtool")
    return 1 if apart else 0


sys.exit(main())
