#!/usr/bin/env python3
"""Random configurations, good and broken, through the real amtool and through Tocsin: who takes what.

Usage: compare_configs.py CONFIG_HOST [--amtool AMTOOL] [--seed N] [--count N] [--show]

Without an amtool the test is skipped (77). Tocsin reads what Alertmanager 0.34 reads; what older ones see otherwise is
listed below, with the reason. --show prints both sides' words for every configuration that is refused.
"""
import argparse
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77
CRASH = "amtool crashes"

# Values of http_config's parts: each may be right or wrong by itself, or together with others.
TLS = ["{}", "{ca_file: a}", "{ca_file: a, ca: b}", "{cert_file: a, key_file: b}", "{cert_file: a}", "{key_file: b}",
       "{cert: a, cert_file: b, key: c}", "{key: a, key_file: b, cert: c}", "{cert: a, key: b}", "{ca: x, cert: y}",
       "{min_version: TLS12}", "{min_version: TLS14}", "{max_version: TLS13, min_version: TLS12}", "{max_version: tls12}",
       "{min_version: TLS13, max_version: TLS12}", "{insecure_skip_verify: true}", "{insecure_skip_verify: maybe}",
       "{server_name: x}", "{server: x}", "[]", "", "{key: '', cert_file: a}", "{min_version: ''}", "{ca_file: [a]}"]
HTTP = {
    "basic_auth": ["{username: u, password: p}", "{username: u, password_file: f}", "{username: u}", "{password: p}", "{}", "",
                   "{username: u, password: p, password_file: f}", "{username_file: f, password: p}",
                   "{username: u, username_file: f}", "{user: u}", "x", "{username: [u]}", "{username: ''}"],
    "authorization": ["{credentials: c}", "{type: Bearer, credentials_file: f}", "{type: Basic, credentials: c}", "{}", "",
                      "{credentials: c, credentials_file: f}", "{type: ' basic ', credentials: c}", "{type: Token}",
                      "{type: '', credentials: c}", "{token: c}"],
    "bearer_token": ["t", "''", "", "[t]"],
    "bearer_token_file": ["f", "''"],
    "oauth2": ["{client_id: i, client_secret: s, token_url: 'http://t'}", "{client_id: i, token_url: t}", "{client_id: i}",
               "{token_url: 'http://t'}", "{}", "", "{client_id: i, token_url: t, client_secret: s, client_secret_file: f}",
               "{client_id: i, client_secret_file: f, token_url: t, scopes: [a, b], endpoint_params: {x: y}}",
               "{client_id: i, token_url: t, scopes: a}", "{client_id: i, token_url: t, tls_config: {cert_file: a}}",
               "{client_id: i, token_url: t, proxy_url: 'http://p'}", "{client_id: i, token_url: t, no_proxy: x}",
               "{client_id: i, token_url: t, endpoint_params: [a]}", "{client_id: i, token_url: t, proxy_url: ':p'}"],
    "tls_config": TLS,
    "proxy_url": ["'http://p:1'", "''", "'p'", "':p'", "'http://a b'", "'socks5://p'", "'%zz'", "'http://u:p@h'", "[]", ""],
    "no_proxy": ["localhost", "''", "[a]"],
    "proxy_from_environment": ["true", "false", "maybe", ""],
    "proxy_connect_header": ["{X: [a]}", "{}", "{X: a}", "[X]", "", "{X: []}"],
    "http_headers": ["{X: {values: [a]}}", "{X: {secrets: [s], files: [f]}}", "{Host: {values: [a]}}", "{}", "", "{X: [a]}",
                     "{User-Agent: {values: [a]}}", "{X: {value: a}}", "{content-type: {values: [a]}}", "{X: {values: a}}",
                     "{X: }", "{Accept-Encoding: {values: [a]}}", "{Accept: {values: [a]}}"],
    "follow_redirects": ["true", "no", "1", "'true'"],
    "enable_http2": ["true", "off", "x"],
    "unknown": ["x"],
}
WEB = ["'http://x'", "'https://u:p@x/y?z=1'", "'ftp://x'", "'x'", "''", "", "'http://'", "'http:///p'", "'http://x:port'",
       "'http://[::1]:80/'", "'http://[::1'", "'http://x y'", "'%'", "'HTTP://X'", "'http://x/%zz'", "<secret>", "5"]
TEXT = ["x", "''", "", "5", "'{{ .Status }}'", "'{{ .Status'", "[x]", "true"]
SECRET = ["s", "''", "", "s3", "[x]"]
FLAG = ["true", "false", "yes", "1", "'true'", "", "on"]
LENGTH = ["10s", "1m30s", "5", "0", "-1s", "1.5h", "'1h 2m'", "''", "", "x", "1d"]
NUMBER = ["1", "0", "-5", "1.0", "1.5", "'7'", "x", "", "0x10", "1_000", "99999999999999999999"]
TEXTS = ["[a, b]", "[]", "a", "", "[1, true]", "[[a]]"]
MAP = ["{a: b}", "{}", "", "{a: 1}", "{a: [b]}", "[a]", "{a: }"]
ANY = ["{a: [1, {b: c}]}", "{}", "", "{a: b}", "x"]
FIELDS = ["[{title: a, value: b}]", "[{title: a, value: b, short: true}]", "[{title: a}]", "[{value: b}]", "[]", "", "[{}]",
          "[{title: a, value: b, short: maybe}]", "{}"]

# Of each kind: what it needs to be taken, and what else it may have.
KINDS = {
    "webhook": ({"url": "'http://x'"}, {"url": WEB + ["'{{ .X }}'"], "url_file": TEXT, "max_alerts": NUMBER, "timeout": LENGTH,
                                        "payload": ANY}),
    "email": ({"to": "a@b", "from": "c@d", "smarthost": "'h:25'"},
              {"to": TEXT, "from": TEXT, "smarthost": ["'h:25'", "h", "'h:'", "':25'", "''", "'h:25:1'", "'[::1]:25'", "'::1:25'"],
               "hello": TEXT, "auth_username": TEXT, "auth_password": SECRET, "auth_password_file": TEXT,
               "auth_secret": SECRET, "auth_identity": TEXT, "require_tls": FLAG, "tls_config": TLS, "html": TEXT, "text": TEXT,
               "headers": MAP + ["{subject: a, Subject: b}", "{x-y: a, X-Y: b}"]}),
    "slack": ({"api_url": "'http://x'"},
              {"api_url": WEB, "api_url_file": TEXT, "app_token": SECRET, "app_token_file": TEXT, "app_url": WEB, "channel": TEXT,
               "title": TEXT, "fields": FIELDS, "short_fields": FLAG, "link_names": FLAG, "mrkdwn_in": TEXTS,
               "actions": ["[{type: button, text: a, url: b}]", "[{type: button, text: a, name: b}]", "[{text: a, url: b}]",
                           "[{type: button, url: b}]", "[{type: button, text: a}]", "[]",
                           "[{type: button, text: a, name: b, confirm: {}}]",
                           "[{type: button, text: a, name: b, confirm: {text: x}}]",
                           "[{type: button, text: a, url: b, confirm: {text: x}}]"],
               "update_message": FLAG, "timeout": LENGTH}),
    "pagerduty": ({"routing_key": "r"},
                  {"routing_key": SECRET, "routing_key_file": TEXT, "service_key": SECRET, "service_key_file": TEXT, "url": WEB,
                   "client": TEXT, "details": MAP, "images": ["[{src: a}]", "[{}]", "[]", "[{x: y}]", "a"],
                   "links": ["[{href: a, text: b}]", "[{alt: b}]", ""], "severity": TEXT, "class": TEXT, "source": TEXT}),
    "opsgenie": ({"api_key": "k"},
                 {"api_key": SECRET, "api_key_file": TEXT, "api_url": WEB, "message": TEXT, "details": MAP, "tags": TEXT,
                  "responders": ["[{name: a, type: team}]", "[{id: a, type: Teams}]", "[{type: team}]", "[{name: a}]",
                                 "[{username: a, type: user}]", "[{name: a, type: '{{ .X }}'}]", "[{name: a, type: x}]", "[]",
                                 "[{name: a, type: schedule, x: y}]", "[{name: a, type: '{{ .X'}]"],
                  "update_alerts": FLAG, "priority": TEXT}),
    "victorops": ({"api_key": "k", "routing_key": "r"},
                  {"api_key": SECRET, "api_key_file": TEXT, "api_url": WEB, "routing_key": TEXT, "message_type": TEXT,
                   "custom_fields": MAP + ["{routing_key: a}", "{entity_id: a}", "{monitoring_tool: a}", "{x: y}"]}),
    "wechat": ({"api_secret": "s", "corp_id": "c"},
               {"api_secret": SECRET, "api_secret_file": TEXT, "corp_id": TEXT, "api_url": WEB, "message_type":
                ["text", "markdown", "Text", "''", "", "html"], "to_user": TEXT, "agent_id": TEXT}),
    "pushover": ({"user_key": "u", "token": "t"},
                 {"user_key": SECRET, "user_key_file": TEXT, "token": SECRET, "token_file": TEXT, "retry": LENGTH, "expire": LENGTH,
                  "ttl": LENGTH, "html": FLAG, "monospace": FLAG, "priority": TEXT, "url": TEXT, "device": TEXT}),
    "sns": ({"topic_arn": "t"},
            {"topic_arn": TEXT, "target_arn": TEXT, "phone_number": TEXT, "api_url": WEB, "attributes": MAP, "subject": TEXT,
             "sigv4": ["{region: r}", "{region: r, access_key: a, secret_key: s}", "{access_key: a}", "{secret_key: s}", "{}", "",
                       "{profile: p, role_arn: r}", "{region: [r]}", "{access_key: a, secret_key: ''}", "{x: y}",
                       "{external_id: e}", "{use_fips_sts_endpoint: true}"]}),
    "telegram": ({"bot_token": "t", "chat_id": "1"},
                 {"bot_token": SECRET, "bot_token_file": TEXT, "chat_id": NUMBER, "chat_id_file": TEXT, "api_url": WEB,
                  "message_thread_id": NUMBER, "disable_notifications": FLAG, "parse_mode":
                  ["HTML", "Markdown", "MarkdownV2", "''", "", "html", "Text"], "message": TEXT}),
    "discord": ({"webhook_url": "'http://x'"},
                {"webhook_url": WEB, "webhook_url_file": TEXT, "title": TEXT, "content": TEXT, "username": TEXT,
                 "avatar_url": TEXT}),
    "webex": ({"room_id": "r", "http_config": "{authorization: {credentials: c}}"},
              {"room_id": TEXT, "api_url": WEB, "message": TEXT}),
    "msteams": ({"webhook_url": "'http://x'"}, {"webhook_url": WEB, "webhook_url_file": TEXT, "title": TEXT, "summary": TEXT}),
    "msteamsv2": ({"webhook_url": "'http://x'"}, {"webhook_url": WEB, "webhook_url_file": TEXT, "title": TEXT}),
    "jira": ({"api_url": "'http://x'", "project": "p", "issue_type": "i"},
             {"api_url": WEB, "project": TEXT, "issue_type": TEXT, "summary": TEXT + ["{template: a, enable_update: false}", "{x: y}",
              "{enable_update: maybe}", "{}"], "description": TEXT + ["{template: a}"], "labels": TEXTS, "priority": TEXT,
              "api_type": ["auto", "cloud", "datacenter", "server", "''", ""], "fields": ANY, "reopen_duration": LENGTH,
              "reopen_transition": TEXT}),
    "rocketchat": ({"token": "t", "token_id": "i"},
                   {"token": SECRET, "token_file": TEXT, "token_id": SECRET, "token_id_file": TEXT, "api_url": WEB,
                    "channel": TEXT, "fields": FIELDS, "short_fields": FLAG, "link_names": FLAG,
                    "actions": ["[{type: a, text: b}]", "[{}]", "[{msg_in_chat_window: true}]", "[{msginchatwindow: true}]", ""]}),
    "mattermost": ({"webhook_url": "'http://x'"},
                   {"webhook_url": WEB, "webhook_url_file": TEXT, "fields": FIELDS, "text": TEXT,
                    "attachments": ["[{title: a, fields: [{title: b}]}]", "[{}]", "[]", "[{x: y}]", "", "a"],
                    "props": ["{card: a}", "{}", "{x: y}", "", "a"],
                    "priority": ["{priority: urgent}", "{priority: x, requested_ack: maybe}", "{}", "", "high"]}),
    "incidentio": ({"url": "'http://x'", "alert_source_token": "t"},
                   {"url": WEB, "url_file": TEXT, "alert_source_token": SECRET, "alert_source_token_file": TEXT,
                    "max_alerts": NUMBER, "timeout": LENGTH}),
}
GLOBAL = {
    "resolve_timeout": LENGTH, "smtp_from": TEXT, "smtp_smarthost": ["'h:25'", "h", "''", ""], "smtp_hello": TEXT,
    "smtp_require_tls": FLAG, "smtp_tls_config": TLS, "slack_api_url": WEB, "slack_api_url_file": TEXT,
    "smtp_auth_password": SECRET, "smtp_auth_password_file": TEXT, "pagerduty_url": WEB, "opsgenie_api_url": WEB,
    "opsgenie_api_key": SECRET, "opsgenie_api_key_file": TEXT, "wechat_api_url": WEB, "wechat_api_secret": SECRET,
    "wechat_api_corp_id": TEXT, "victorops_api_url": WEB, "victorops_api_key": SECRET, "victorops_api_key_file": TEXT,
    "telegram_api_url": WEB, "webex_api_url": WEB, "slack_app_token": SECRET, "slack_app_token_file": TEXT,
    "slack_app_url": WEB, "jira_api_url": WEB, "rocketchat_api_url": WEB, "rocketchat_token": SECRET,
    "rocketchat_token_id": SECRET, "rocketchat_token_file": TEXT, "telegram_bot_token": SECRET, "telegram_bot_token_file": TEXT,
    "mattermost_webhook_url": WEB, "mattermost_webhook_url_file": TEXT, "smtp_auth_secret": SECRET,
    "smtp_auth_secret_file": TEXT, "wechat_api_secret_file": TEXT, "smtp_force_implicit_tls": FLAG,
}


def flow(settings):
    return "{" + ", ".join(f"{key}: {value}" for key, value in settings.items()) + "}"


def one_of(chance, values):
    """The first is always right by itself."""
    return values[0] if chance.random() < 0.45 else chance.choice(values)


def http_config(chance):
    if chance.random() < 0.05:
        return chance.choice(["", "{}", "[]", "x"])
    keys = chance.sample(list(HTTP), chance.choice([1, 1, 2, 2, 3]))
    return flow({key: one_of(chance, HTTP[key]) for key in keys})


def integration(chance, kind):
    needs, may = KINDS[kind]
    settings = dict(needs)
    if chance.random() < 0.12:
        settings.pop(chance.choice(list(settings)))
    for key in chance.sample(list(may), min(len(may), chance.choice([0, 1, 1, 2, 3]))):
        settings[key] = one_of(chance, may[key])
    if chance.random() < 0.3:
        settings["http_config"] = http_config(chance)
    if chance.random() < 0.15:
        settings["send_resolved"] = one_of(chance, FLAG)
    return flow(settings)


def configuration(chance, kinds):
    kind = chance.choice(kinds)
    settings = {}
    if chance.random() < 0.35:
        for key in chance.sample(list(GLOBAL), chance.choice([1, 1, 2, 3])):
            settings[key] = one_of(chance, GLOBAL[key])
    if chance.random() < 0.3:
        settings["http_config"] = http_config(chance)
    text = f"global: {flow(settings)}\n" if settings else ""
    return text + f"route: {{receiver: r}}\nreceivers:\n- name: r\n  {kind}_configs:\n  - {integration(chance, kind)}\n"


# What versions before the named one see otherwise, by their words or, where they have none, by the text; and why.
OTHERWISE = [
    ((0, 33), "not found in type", "a key that is newer than this Alertmanager"),
    ((0, 26), r"url: <secret>.*unsupported scheme", "a webhook's URL that is <secret>"),
    ((0, 31), r"url: '\{\{.*unsupported scheme", "a webhook's URL that is a template"),
    ((0, 26), "missing bot_token on telegram_config", "a bot's token in the global part"),
    ((0, 30), r"details: .*cannot unmarshal !!seq into string", "PagerDuty's details of any shape"),
    ((0, 26), "either oauth2 client_secret or client_secret_file must be configured", "OAuth 2 may do without a secret now"),
    ((0, 26), r"(cert|key)(_file)?: .*\ntaken$", "a certificate without its key, or a key without its certificate"),
]


def version_of(amtool):
    text = subprocess.run([amtool, "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"version (\d+)\.(\d+)", text.stdout + text.stderr)
    return (int(found[1]), int(found[2])) if found else None


def words_of(output):
    """By the number of the file: why it is refused, or None."""
    words = {}
    for part in re.split(r"^Checking ", output, flags=re.M)[1:]:
        failed = re.search(r"FAILED: (.*)", part, re.S)
        if failed or "SUCCESS" in part:
            words[int(pathlib.Path(part.split("'")[1]).stem)] = failed[1].strip() if failed else None
    return words


def asked(amtool, texts, folder):
    """amtool's words for each text; None: it takes it."""
    paths = []
    for number, text in enumerate(texts):
        paths.append(pathlib.Path(folder) / f"{number}.yml")
        paths[-1].write_text(text)
    words = {}
    for first in range(0, len(paths), 50):
        files = paths[first:first + 50]
        while files:
            done = subprocess.run([amtool, "check-config", *files], capture_output=True, text=True, check=False)
            words.update(words_of(done.stdout))
            files = [path for path in files if int(path.stem) not in words]
            # It comes down over some, and says nothing of those behind.
            if files:
                words[int(files.pop(0).stem)] = CRASH
    return [words[number] for number in range(len(texts))]


def judged(host, count, folder):
    """Tocsin's words for each of the files that amtool has seen; None: it takes it."""
    words = []
    for first in range(0, count, 100):
        paths = [f"{folder}/{number}.yml" for number in range(first, min(count, first + 100))]
        done = subprocess.run([host, *paths], capture_output=True, text=True, check=True)
        words += [word.removesuffix("good") or None for word in re.findall(r"^.*?\.yml: (.*)$", done.stdout, re.M)]
    return words


def reason_for(version, text, real):
    """Why this version may see it otherwise; None: it may not."""
    for before, pattern, reason in OTHERWISE:
        if version < before and re.search(pattern, f"{text}\n{real or 'taken'}", re.S):
            return reason
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("host")
    parser.add_argument("--amtool", default=shutil.which("amtool"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=1500)
    parser.add_argument("--show", action="store_true")
    options = parser.parse_args()
    version = version_of(options.amtool) if options.amtool else None
    if version is None:
        print("skipped: no amtool found")
        return SKIPPED
    chance = random.Random(options.seed)
    texts = [configuration(chance, list(KINDS)) for _ in range(options.count)]
    with tempfile.TemporaryDirectory() as folder:
        real, ours = asked(options.amtool, texts, folder), judged(options.host, len(texts), folder)
    if not len(texts) == len(real) == len(ours):
        sys.exit(f"{len(texts)} configurations, {len(real)} answers of amtool, {len(ours)} of the host")
    wrong, reasons = 0, {}
    for text, real_word, our_word in zip(texts, real, ours):
        if options.show and real_word and our_word:
            print(f"amtool: {real_word}\ntocsin: {our_word}\n")
        if real_word != CRASH and (real_word is None) == (our_word is None):
            continue
        reason = CRASH if real_word == CRASH else reason_for(version, text, real_word)
        if reason is None:
            wrong += 1
            print(f"{text}amtool: {real_word or 'takes it'}\ntocsin: {our_word or 'takes it'}\n")
        else:
            reasons[reason] = reasons.get(reason, 0) + 1
    for reason, count in sorted(reasons.items()):
        print(f"{count} times: {reason}")
    print(f"seed {options.seed}: {len(texts)} configurations, {sum(word is None for word in real)} of them good, "
          f"{wrong} disagreements with amtool {version[0]}.{version[1]}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
