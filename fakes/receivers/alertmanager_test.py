#!/usr/bin/env python3
"""A real Alertmanager tells the receivers, which answer well, or make trouble: alertmanager_test.py RECEIVERS_HOST

The Alertmanager is TOCSIN_ALERTMANAGER, or alertmanager or prometheus-alertmanager in PATH; without one the test is
skipped (77). Retries come within the flush; what is not retried would come again with the next flush only, which lies
beyond the test's end.
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
import urllib.error
import urllib.request

from receivers_host import Checks, Receivers

SKIPPED = 77
CHECKS = Checks()
WHO = "r"
# The first version that knows a kind, where it is later than the oldest that is tested.
SINCE = {"msteams": (0, 26), "msteamsv2": (0, 28), "jira": (0, 28), "rocketchat": (0, 28), "incidentio": (0, 29),
         "mattermost": (0, 30)}
# Those whose default message has a title only, and those whose has none.
TITLE_ONLY = ("slack", "rocketchat")
NO_TITLE = ("telegram", "webex")


def find_alertmanager():
    named = os.environ.get("TOCSIN_ALERTMANAGER")
    return named or shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")


def version_of(binary):
    shown = subprocess.run([binary, "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"version (\d+)\.(\d+)", shown.stdout + shown.stderr)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def answer(status, **more):
    return {"kind": "answer", "status": status, **more}


def at(stage, kind="answer", **more):
    return {"kind": kind, "stage": stage, **more}


# What an integration meets, and how many attempts must be seen of it, the last of which is delivered or not (None: as
# it comes). More than one delivered attempt would be a notification too many.
CASES = [
    ("webhook", [], 1, True),
    ("webhook", [answer(503, first=2)], 3, True),
    ("webhook", [answer(400, first=1)], 1, False),
    ("webhook", [answer(404, first=1)], 1, False),
    ("webhook", [answer(429, first=1, retry_after_ms=1000)], 1, False),
    ("webhook", [{"kind": "drop", "first": 1}], 2, True),
    ("webhook", [{"kind": "malformed", "first": 1}], 2, True),
    ("webhook", [{"kind": "slow", "delay_ms": 700}], 1, True),
    ("webhook", [{"kind": "refuse", "to_ms": 2500}], 1, True),
    ("webhook", [{"kind": "drop at accept", "to_ms": 2500}], 2, True),
    ("slack", [], 1, True),
    ("slack", [answer(500, first=1)], 2, True),
    ("slack", [answer(429, first=1)], 1, False),
    ("slack", [{"kind": "not ok", "first": 1}], 1, False),
    ("pagerduty", [], 1, True),
    ("pagerduty", [answer(429, first=2)], 3, True),
    ("pagerduty", [answer(500, first=1)], 2, True),
    ("pagerduty", [answer(400, first=1)], 1, False),
    ("opsgenie", [], 1, True),
    ("opsgenie", [answer(429, first=1), answer(503, first=1)], 3, True),
    ("opsgenie", [answer(422, first=1)], 1, False),
    ("email", [], 1, True),
    ("email", [at("greeting", status=421, first=1)], 2, True),
    ("email", [at("MAIL", status=451, first=1)], 2, True),
    ("email", [at("RCPT", status=550, first=1)], 2, True),
    ("email", [at("AUTH", status=535, first=1)], 2, True),
    ("email", [at("DATA", status=452, first=1)], 2, True),
    ("email", [at("end", status=554, first=2)], 3, True),
    # Whether Alertmanager sees it in writing (and gives up until the next flush) or later, is chance.
    ("email", [at("content", kind="drop", first=1)], 1, None),
    ("email", [at("end", kind="slow", delay_ms=500)], 1, True),
    ("email", [{"kind": "refuse", "to_ms": 2500}], 1, True),
    ("msteams", [], 1, True),
    ("msteams", [answer(500, first=1)], 2, True),
    ("msteamsv2", [], 1, True),
    ("msteamsv2", [answer(502, first=1)], 2, True),
    ("discord", [], 1, True),
    ("discord", [answer(500, first=1)], 2, True),
    ("discord", [answer(429, first=1)], 1, False),
    ("telegram", [], 1, True),
    ("telegram", [{"kind": "not ok", "first": 1}], 2, True),
    ("telegram", [answer(400, first=1)], 2, True),
    ("victorops", [], 1, True),
    ("victorops", [answer(503, first=1)], 2, True),
    ("victorops", [answer(429, first=1)], 1, False),
    ("webex", [], 1, True),
    ("webex", [answer(500, first=1)], 2, True),
    ("webex", [answer(401, first=1)], 1, False),
    ("wechat", [], 1, True),
    ("wechat", [answer(403, first=1)], 2, True),
    ("wechat", [{"kind": "not ok", "first": 1}], 1, False),
    ("sns", [], 1, True),
    ("sns", [answer(503, first=1)], 2, True),
    ("jira", [], 1, True),
    ("jira", [answer(500, first=1)], 2, True),
    ("jira", [answer(429, first=1)], 2, True),
    ("jira", [answer(400, first=1)], 1, False),
    ("jira", [{"kind": "refuse", "to_ms": 2500}], 0, None),
    ("rocketchat", [], 1, True),
    ("rocketchat", [answer(500, first=1)], 2, True),
    ("rocketchat", [{"kind": "not ok", "first": 1}], 1, False),
    ("mattermost", [], 1, True),
    ("mattermost", [answer(500, first=1)], 2, True),
    ("incidentio", [], 1, True),
    ("incidentio", [answer(429, first=1)], 2, True),
    ("incidentio", [answer(422, first=1)], 1, False),
]


def cases_of(version):
    """(kind, index, troubles, attempts, delivered) as far as this version has them."""
    counted = {}
    for kind, troubles, attempts, delivered in CASES:
        if version < SINCE.get(kind, (0, 0)):
            continue
        index = counted[kind] = counted.get(kind, -1) + 1
        # 0.25 looks at the status only.
        if kind == "slack" and version < (0, 26) and "not ok" in str(troubles):
            attempts, delivered = 1, None
        # Before 0.28 a mail that is refused after its content counts as sent, and is lost.
        if version < (0, 28) and "554" in str(troubles):
            attempts, delivered = 1, False
        yield kind, index, troubles, attempts, delivered


def integration(kind, address, receivers):
    if kind == "email":
        return {"to": "on-call@example.org", "from": "am@example.org", "smarthost": address, "auth_username": "am",
                "auth_password": "word", "auth_identity": "", "require_tls": True, "send_resolved": True,
                "tls_config": {"ca_file": receivers["certificate"]}}
    keys = {"webhook": {"url": address}, "slack": {"api_url": address + "/services/T0/B0/XYZ", "channel": "#ops"},
            "pagerduty": {"routing_key": "R0UT", "url": address},
            "opsgenie": {"api_key": "s3cret", "api_url": address + "/", "update_alerts": True},
            "msteams": {"webhook_url": address}, "msteamsv2": {"webhook_url": address},
            "discord": {"webhook_url": address + "/api/webhooks/1/DISC0RD"},
            "telegram": {"api_url": address, "bot_token": "12:TELEGR4M", "chat_id": -1001},
            "victorops": {"api_url": address + "/", "api_key": "VICT0R", "routing_key": "team"},
            "webex": {"api_url": address, "room_id": "room", "http_config": {"authorization": {"credentials": "W3BEX"}}},
            "wechat": {"api_url": address + "/", "api_secret": "WECH4T", "corp_id": "C1", "to_user": "@all"},
            "sns": {"api_url": address, "topic_arn": "arn:aws:sns:eu-central-1:1:ops",
                    "sigv4": {"region": "eu-central-1", "access_key": "AK", "secret_key": "SNSK3Y"}},
            "jira": {"api_url": address, "project": "OPS", "issue_type": "Bug", "resolve_transition": "Done"},
            "rocketchat": {"api_url": address, "token": "R0CKET", "token_id": "i", "channel": "#ops"},
            "mattermost": {"webhook_url": address + "/hooks/M4TTER"},
            "incidentio": {"url": address, "alert_source_token": "INC1DENT"}}
    return {**keys[kind], "send_resolved": True}


def config_of(cases, receivers):
    receiver = {"name": WHO}
    for kind, index, _, _, _ in cases:
        receiver.setdefault(kind + "_configs", []).append(
            integration(kind, receivers[f"{WHO}/{kind}/{index}"], receivers))
    return {"route": {"receiver": WHO, "group_by": ["alertname"], "group_wait": "1s", "group_interval": "60s"},
            "receivers": [receiver]}


class Alertmanager:
    def __init__(self, binary, config):
        self.folder = tempfile.TemporaryDirectory()
        path = pathlib.Path(self.folder.name) / "alertmanager.yml"
        # Debian's reads the default templates from where it is installed, which may be another version's.
        own = pathlib.Path(binary).resolve().parents[1] / "share/prometheus/alertmanager"
        if own.is_dir():
            config = {**config, "templates": [f"{own}/*.tmpl"]}
        path.write_text(json.dumps(config))  # JSON is YAML
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.log = open(pathlib.Path(self.folder.name) / "log", "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [binary, f"--config.file={path}", f"--storage.path={self.folder.name}/data", "--cluster.listen-address=",
             f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=debug"], stdout=self.log, stderr=self.log)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.process.kill()
        self.process.wait()
        if kind is not None:
            self.log.seek(0)
            print(self.log.read()[-3000:])
        self.log.close()
        self.folder.cleanup()

    def post(self, alerts):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/api/v2/alerts", json.dumps(alerts).encode(),
                                         {"Content-Type": "application/json"})
        for _ in range(600):
            try:
                urllib.request.urlopen(request, timeout=5).read()
                return
            except urllib.error.HTTPError as error:
                raise RuntimeError(error.read().decode()) from None
            except OSError:
                if self.process.poll() is not None:
                    raise RuntimeError("Alertmanager has ended") from None
                time.sleep(0.05)
        raise RuntimeError("Alertmanager does not answer")


def alerts(ends=None):
    made = []
    for instance in ("a:1", "b:1"):
        alert = {"labels": {"alertname": "HighLatency", "instance": instance, "severity": "page"},
                 "annotations": {"summary": f"slow <b> & \"q\" on {instance}", "runbook": "http://rb/latency"}}
        if ends:
            alert["endsAt"] = ends
        made.append(alert)
    return made


def of(received, kind, index):
    found = [one for one in received if (one["integration"], one["index"]) == (kind, index)]
    # Opsgenie and Jira are told several things of one notification.
    return [one for one in found if one["details"].get("action") not in ("message", "description", "transition")]


def unsettled(cases, received):
    """Those of which something is still to come."""
    for kind, index, troubles, attempts, delivered in cases:
        mine = of(received, kind, index)
        if len(mine) < attempts or (delivered and not mine[-1]["delivered"]):
            yield kind, index, troubles, f"{len(mine)} of {attempts}"


def check_content(what, one, kind):
    CHECKS.equal(f"{what}: firing", one["firing"], True)
    CHECKS.true(f"{what}: a title", kind in NO_TITLE or "HighLatency" in one["title"], one["title"])
    CHECKS.equal(f"{what}: what was wrong", one["problem"] if one["delivered"] else "", "")
    if kind in TITLE_ONLY:
        return
    CHECKS.equal(f"{what}: alerts", sorted(alert["labels"].get("instance", "") for alert in one["alerts"]),
                 ["a:1", "b:1"])
    CHECKS.true(f"{what}: summary", all('slow <b> & "q"' in alert["annotations"].get("summary", "")
                                        for alert in one["alerts"]), one["alerts"])
    CHECKS.true(f"{what}: runbook in the text", "http://rb/latency" in one["text"], one["text"])


def check_case(received, case):
    kind, index, troubles, attempts, delivered = case
    what = f"{kind}[{index}] with {[(t['kind'], t.get('stage', ''), t.get('status', '')) for t in troubles]}"
    mine = of(received, kind, index)
    if not mine:  # Jira is given up when it cannot be reached
        CHECKS.equal(f"{what}: attempts", 0, attempts)
        return
    if "drop at accept" in str(troubles) or "content" in str(troubles):
        CHECKS.true(f"{what}: attempts", len(mine) >= attempts, len(mine))
    else:
        CHECKS.equal(f"{what}: attempts", len(mine), attempts)
    numbers = [one["attempt"] for one in mine]
    CHECKS.equal(f"{what}: numbers", numbers, list(range(1, len(mine) + 1)))
    if delivered is not None:
        CHECKS.equal(f"{what}: delivered", [one["delivered"] for one in mine],
                     [False] * (len(mine) - 1) + [delivered])
    if mine[-1]["status"] != 0:
        check_content(what, mine[-1], kind)
    gaps = [later["at_ms"] - earlier["at_ms"] for earlier, later in zip(mine, mine[1:])]
    CHECKS.true(f"{what}: backs off", all(gap >= 50 for gap in gaps), gaps)


def check_secrets(received):
    text = json.dumps([{**one, "text": "", "html": ""} for one in received])
    for secret in ("R0UT", "s3cret", "XYZ", "word\"", "AGFtAHdvcmQ", "DISC0RD", "TELEGR4M", "VICT0R", "W3BEX", "WECH4T",
                   "SNSK3Y", "R0CKET", "M4TTER", "INC1DENT"):
        CHECKS.true(f"no {secret} in the evidence", secret not in text)
    CHECKS.true("masks", "/services/<secret>" in text)


def check_trouble(binary, cases, receivers):
    with Alertmanager(binary, config_of(cases, receivers)) as alertmanager:
        alertmanager.post(alerts())
        try:
            receivers.wait(lambda seen: not list(unsettled(cases, seen)), 20)
        except TimeoutError:
            CHECKS.true("all in time", False, list(unsettled(cases, receivers.received())))
        time.sleep(2)  # for what must not come: a retry, a notification too many
        received = receivers.received()
    for case in cases:
        check_case(received, case)
    check_secrets(received)
    keys = {one["identity"] for one in received if one["integration"] in ("pagerduty", "opsgenie")}
    CHECKS.equal("one incident", len(keys), 1)
    updates = [one for one in received if one["details"].get("action") in ("message", "description")]
    CHECKS.true("opsgenie's updates", bool(updates) and all(one["delivered"] for one in updates))
    mails = [one for one in received if one["integration"] == "email" and one["delivered"]]
    CHECKS.true("mails come in a safe way", mails and all(
        (one["details"]["tls"], one["details"]["auth"]) == ("yes", "PLAIN") for one in mails))


def check_resolved(binary, version):
    cases = [case for case in cases_of(version) if not case[2]]
    setup = [{"receiver": WHO, "kind": kind, "index": index} for kind, index, _, _, _ in cases]
    with Receivers(binary.host, {"integrations": setup, "smtp": {"users": {"am": "word"}}}) as receivers:
        config = config_of(cases, receivers)
        config["route"]["group_interval"] = "1s"
        with Alertmanager(binary.alertmanager, config) as alertmanager:
            alertmanager.post(alerts())
            receivers.wait(lambda seen: not list(unsettled(cases, seen)))
            alertmanager.post(alerts(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())))
            kinds = {case[0] for case in cases}
            resolved = receivers.wait(
                lambda seen: {one["integration"] for one in seen if not one["firing"]} == kinds)
    for one in resolved:
        CHECKS.true(f"{one['integration']} is delivered", one["delivered"], one["error"])
        if not one["firing"] and one["integration"] not in (*TITLE_ONLY, "opsgenie") and \
                one["details"].get("action") != "transition":
            CHECKS.equal(f"{one['integration']}: both resolved", [alert["firing"] for alert in one["alerts"]],
                         [False, False])


class Binaries:
    def __init__(self, host, alertmanager):
        self.host, self.alertmanager = host, alertmanager


def main():
    alertmanager = find_alertmanager()
    if not alertmanager:
        print("skipped: no Alertmanager found")
        return SKIPPED
    version = version_of(alertmanager)
    cases = list(cases_of(version))
    setup = [{"receiver": WHO, "kind": kind, "index": index, "troubles": troubles}
             for kind, index, troubles, _, _ in cases]
    with Receivers(sys.argv[1], {"integrations": setup, "smtp": {"users": {"am": "word"}}}) as receivers:
        check_trouble(alertmanager, cases, receivers)
    check_resolved(Binaries(sys.argv[1], alertmanager), version)
    print(f"Alertmanager {version[0]}.{version[1]}, {len(cases)} integrations")
    return CHECKS.result()


if __name__ == "__main__":
    sys.exit(main())
