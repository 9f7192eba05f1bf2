#!/usr/bin/env python3
"""Python's smtplib and email against the receivers' mail server: smtplib_test.py RECEIVERS_HOST."""
import email.message
import email.policy
import pathlib
import smtplib
import socket
import ssl
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from receivers_host import Checks, Receivers  # noqa: E402  pylint: disable=wrong-import-position

CHECKS = Checks()
TROUBLES = [{"kind": "answer", "stage": "RCPT", "status": 550, "recipient": "gone@example.org"},
            {"kind": "answer", "stage": "end", "status": 452, "first": 1}]


def split(address):
    host, port = address.rsplit(":", 1)
    return host, int(port)


def letter(subject="hello", text="some text\n", **headers):
    message = email.message.EmailMessage(policy=email.policy.SMTP)
    message["Subject"], message["From"], message["To"] = subject, "am@example.org", "b@example.org"
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message


def sent(receivers, message, before=lambda smtp: None, to=("b@example.org",), secure=False):
    """Sends a message; the evidence of it."""
    if secure:
        context = ssl.create_default_context(cafile=receivers["certificate"])
        smtp = smtplib.SMTP_SSL(*split(receivers["smtps"]), timeout=10, context=context)
    else:
        smtp = smtplib.SMTP(*split(receivers["smtp"]), timeout=10)
    with smtp:
        before(smtp)
        smtp.send_message(message, to_addrs=list(to))
    return receivers.take()[-1]


def texts(receivers):
    """What is composed is what arrives."""
    for subject, text in [("plain", "a\n"), ("Ä — “quoted”", "umlauts: äöü\n€\n"), ("dots", ".\n..\n.dot\n"),
                          ("long " * 60, "x" * 900 + "\n"), ("empty", "\n"), ("日本語の件名" * 10, "本文\n")]:
        seen = sent(receivers, letter(subject, text))
        CHECKS.equal(f"title of {subject[:20]}", seen["title"], subject.strip())
        CHECKS.equal(f"text of {subject[:20]}", seen["text"], text)
        CHECKS.true(f"{subject[:20]} is delivered", seen["delivered"])
    message = letter("parts", "the text ä\n")
    message.add_alternative("<p>the <b>html</b> &amp; ö</p>\n", subtype="html")
    message.add_attachment(b"\x00\x01" * 50, maintype="application", subtype="octet-stream", filename="dump.bin")
    seen = sent(receivers, message)
    CHECKS.equal("text of parts", seen["text"], "the text ä\n")
    CHECKS.equal("html of parts", seen["html"], "<p>the <b>html</b> &amp; ö</p>\n")
    CHECKS.equal("attachment", seen["details"].get("attachments"), "dump.bin (application/octet-stream, 100 bytes)")
    for charset in ("utf-8", "iso-8859-1", "windows-1252"):
        for encoding in ("base64", "quoted-printable", "8bit"):
            message = letter("charset")
            message.set_content("grüß dich\n", charset=charset, cte=encoding)
            CHECKS.equal(f"{charset} {encoding}", sent(receivers, message)["text"], "grüß dich\n")


def auth_by(mechanism):
    def log_in(smtp):
        smtp.ehlo_or_helo_if_needed()
        smtp.user, smtp.password = "am", "w0rd"
        smtp.auth(mechanism, getattr(smtp, "auth_" + mechanism.lower().replace("-", "_")))
    return log_in


def security(receivers):
    context = ssl.create_default_context(cafile=receivers["certificate"])
    for mechanism in ("PLAIN", "LOGIN", "CRAM-MD5"):
        def before(smtp, mechanism=mechanism):
            smtp.starttls(context=context)
            auth_by(mechanism)(smtp)
        seen = sent(receivers, letter(), before)
        CHECKS.equal(f"STARTTLS and {mechanism}", (seen["details"]["tls"], seen["details"]["auth"]), ("yes", mechanism))
        CHECKS.true("no password is kept", "w0rd" not in str(seen))
    seen = sent(receivers, letter(), auth_by("PLAIN"), secure=True)
    CHECKS.equal("implicit TLS", seen["details"]["tls"], "yes")

    def wrong_password():
        with smtplib.SMTP(*split(receivers["smtp"]), timeout=10) as smtp:
            smtp.login("am", "other")
    error = CHECKS.raises("a wrong password", smtplib.SMTPAuthenticationError, wrong_password)
    CHECKS.equal("its code", getattr(error, "smtp_code", None), 535)
    CHECKS.raises("a certificate that nobody knows", ssl.SSLError,
                  lambda: sent(receivers, letter(), lambda smtp: smtp.starttls(context=ssl.create_default_context())))
    error = CHECKS.raises("mail without AUTH", smtplib.SMTPSenderRefused, lambda: sent(receivers, letter()))
    CHECKS.equal("its code", getattr(error, "smtp_code", None), 530)


def refusals(receivers):
    with smtplib.SMTP(*split(receivers["m/email/0"]), timeout=10) as smtp:
        error = CHECKS.raises("all recipients refused", smtplib.SMTPRecipientsRefused,
                              lambda: smtp.sendmail("a@x", ["gone@example.org"], "Subject: x\r\n\r\n"))
        CHECKS.equal("refused", error.recipients["gone@example.org"][0], 550)
        error = CHECKS.raises("the content refused", smtplib.SMTPDataError,
                              lambda: smtp.sendmail("a@x", ["b@example.org"], "Subject: x\r\n\r\n"))
        CHECKS.equal("its code", error.smtp_code, 452)
        refused = smtp.sendmail("a@x", ["b@example.org", "gone@example.org"], "Subject: x\r\n\r\n")
        CHECKS.equal("one of two refused", list(refused), ["gone@example.org"])
        smtp.ehlo()
        CHECKS.equal("SIZE", smtp.esmtp_features["size"], "100000")
        error = CHECKS.raises("too large by its word", smtplib.SMTPSenderRefused,
                              lambda: smtp.sendmail("a@x", ["b@example.org"], "Subject: x\r\n\r\n" + "x" * 100_000))
        CHECKS.equal("its code", error.smtp_code, 552)
        CHECKS.equal("NOOP", smtp.noop()[0], 250)
        CHECKS.equal("VRFY", smtp.verify("b")[0], 252)
        CHECKS.equal("unknown", smtp.docmd("TURN")[0], 500)
    seen = [(one["status"], one["delivered"], one["receiver"]) for one in receivers.take()]
    CHECKS.equal("evidence", seen, [(550, False, "m"), (452, False, "m"), (550, False, "m"), (250, True, "m")])


def crowd(receivers):
    """Many at once; each mail arrives once."""
    def send(number):
        with smtplib.SMTP(*split(receivers["smtp"]), timeout=30) as smtp:
            for turn in range(5):
                smtp.send_message(letter(f"{number} {turn}", "x" * 20_000 + "\n"))
    threads = [threading.Thread(target=send, args=(number,)) for number in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    titles = sorted(one["title"] for one in receivers.take())
    CHECKS.equal("200 mails", titles, sorted(f"{number} {turn}" for number in range(40) for turn in range(5)))


def hostile(receivers):
    """Noise, and then it still works."""
    for noise in (b"\x16\x03\x01\x02\x00" * 1000, b"\n" * 5000, b"\r\n" * 5000, b"EHLO " + b"x" * 200_000,
                  b"MAIL FROM:<" * 10_000 + b"\r\n", b"\x00" * 100_000, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
                  b"EHLO a\r\n" * 3000, b"QUIT\r\n" * 100):
        with socket.create_connection(split(receivers["smtp"]), 10) as connection:
            try:
                connection.sendall(noise)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65536):
                    pass
            except OSError:
                pass
    CHECKS.true("after the noise", sent(receivers, letter())["delivered"])


def main():
    binary = sys.argv[1]
    with Receivers(binary, {}) as receivers:
        texts(receivers)
        crowd(receivers)
        hostile(receivers)
    with Receivers(binary, {"smtp": {"users": {"am": "w0rd"}, "needs_auth": True}}) as receivers:
        security(receivers)
    options = {"integrations": [{"receiver": "m", "kind": "email", "troubles": TROUBLES}], "body_bytes": 100_000}
    with Receivers(binary, options) as receivers:
        refusals(receivers)
    return CHECKS.result()


if __name__ == "__main__":
    sys.exit(main())
