#include "fakes/receivers/mail/mime.h"

#include <cstdlib>
#include <filesystem>

#include <gmock/gmock.h>

#include "fakes/receivers/mail/mail_reading.h"
#include "harness/base/file.h"

namespace tocsin::receivers {
namespace {

using testing::HasSubstr;

/// With CR LF, as over the wire.
std::string crlf(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') out += '\r';
    out += c;
  }
  return out;
}

TEST(Mime, APlainMail) {
  const MimeMail mail =
      read_mime("Subject: hello\r\nX-Long: a\r\n b\r\n\tc\r\n\r\nfirst\r\nsecond\r\n");
  EXPECT_EQ(mail.header("subject"), "hello");
  EXPECT_EQ(mail.header("X-Long"), "a b\tc");
  EXPECT_EQ(mail.header("From"), "");
  EXPECT_EQ(mail.text, "first\nsecond\n");
  EXPECT_EQ(mail.problem, "");
}

TEST(Mime, PartsAndAttachments) {
  const MimeMail mail =
      read_mime(crlf("Content-Type: multipart/mixed; charset=x; boundary=\"a b\"\n"
                     "\n"
                     "to be ignored\n"
                     "--a b\n"
                     "Content-Type: multipart/alternative; boundary=i\n"
                     "\n"
                     "--i\n"
                     "\n"
                     "no type\n"
                     "--i\n"
                     "Content-Type: TEXT/HTML; charset=iso-8859-1\n"
                     "Content-Transfer-Encoding: Quoted-Printable\n"
                     "\n"
                     "<p>=E4</p>\n"
                     "--i--\n"
                     "and this\n"
                     "--a bc\n"
                     "--a b\n"
                     "Content-Type: application/pdf\n"
                     "Content-Disposition: attachment; filename=\"=?utf-8?q?=C3=A4?=.pdf\"\n"
                     "Content-Transfer-Encoding: base64\n"
                     "\n"
                     "Zm9v\n"
                     "YmFy\n"
                     "--a b\n"
                     "Content-Type: text/plain\n"
                     "\n"
                     "a second text\n"
                     "--a b--\n"));
  EXPECT_EQ(mail.text, "no type");
  EXPECT_EQ(mail.html, "<p>ä</p>");
  ASSERT_EQ(mail.attachments.size(), 2U);
  EXPECT_EQ(mail.attachments[0].name, "ä.pdf");
  EXPECT_EQ(mail.attachments[0].type, "application/pdf");
  EXPECT_EQ(mail.attachments[0].bytes, 6U);
  EXPECT_EQ(mail.attachments[1].type, "text/plain");
  EXPECT_EQ(mail.problem, "");
}

TEST(Mime, WhatCannotBeRead) {
  struct Case {
    std::string mail;
    const char* problem;
  };
  std::string nested;
  for (int i = 0; i < 20; ++i) {
    nested += "Content-Type: multipart/mixed; boundary=b" + std::to_string(i) + "\n\n--b" +
              std::to_string(i) + "\n";
  }
  std::string many = "Content-Type: multipart/mixed; boundary=b\n\n";
  for (int i = 0; i < 1000; ++i) many += "--b\n\nx\n";
  std::string headers;
  for (int i = 0; i < 10'000; ++i) headers += "a: b\n";
  const Case cases[] = {
      {"", ""},
      {"no colon\n\nx", "a header line without a name"},
      {": x\n\n", "a header line without a name"},
      {" folded first\n\nx", "a header line without a name"},
      {"Content-Type: multipart/mixed\n\nx", "a multipart without a boundary"},
      {"Content-Type: multipart/mixed; boundary=\"\"\n\nx", "a multipart without a boundary"},
      {"Content-Type: multipart/mixed; boundary=\"open\n\n--open\n\nx\n",
       "a multipart that does not end"},
      {"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx", "a multipart that does not end"},
      {"Content-Type: multipart/mixed; boundary=b\n\nno part", "a multipart that does not end"},
      {"Content-Transfer-Encoding: rot13\n\nx", "an unknown transfer encoding"},
      {"Content-Type: ;;;=;a;=b\n\nx", ""},
      {nested, "a multipart that does not end"},
      {many, "a multipart that does not end"},
      {headers, "too many headers"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(read_mime(c.mail).problem, c.problem) << c.mail.substr(0, 80);
    read_mime(crlf(c.mail));
  }
}

/// A mail as Alertmanager sends it with its default template, cut down.
TEST(MailReading, AlertsOfADefaultMail) {
  SmtpAttempt attempt;
  attempt.envelope.sender = "am@example.org";
  attempt.envelope.recipients = {"a@example.org", "b@example.org"};
  attempt.code = 250;
  attempt.content = crlf(
      "Subject: =?utf-8?q?[RESOLVED]_=C3=84?=\n"
      "From: am@example.org\n"
      "Content-Type: multipart/alternative;  boundary=B\n"
      "\n"
      "--B\n"
      "Content-Type: text/html; charset=UTF-8\n"
      "\n"
      "<table><tr><td><strong>[1] Resolved</strong></td></tr><tr><td><strong>Labels</strong><br>\n"
      " alertname = A<br>severity = page<br>\n"
      " <strong>Annotations</strong><br>runbook = http://rb<br>summary = a &lt;b&gt;<br>\n"
      " <a href=\"http://prom\">Source</a><br></td></tr>\n"
      "<tr><td><a href=\"http://am\">Sent by x = y</a></td></tr></table>\n"
      "--B--\n");
  const Received received = read_attempt({"mail", "email", 1}, std::move(attempt));
  const NotificationRecord& record = received.record;
  EXPECT_EQ(record.receiver, "mail");
  EXPECT_EQ(record.integration, "email");
  EXPECT_EQ(record.integration_index, 1U);
  EXPECT_TRUE(record.delivered);
  EXPECT_EQ(record.status, 250);
  EXPECT_EQ(record.title, "[RESOLVED] Ä");
  EXPECT_FALSE(record.firing);
  ASSERT_EQ(record.alerts.size(), 1U);
  EXPECT_EQ(record.alerts[0].labels.to_string(), R"({alertname="A", severity="page"})");
  EXPECT_EQ(record.alerts[0].annotations.at("summary"), "a <b>");
  EXPECT_EQ(record.alerts[0].annotations.at("runbook"), "http://rb");
  EXPECT_FALSE(record.alerts[0].firing);
  EXPECT_THAT(record.text, HasSubstr("Source <http://prom>\n"));
  EXPECT_EQ(received.target, "a@example.org,b@example.org");
  EXPECT_THAT(received.html, HasSubstr("<strong>Labels</strong>"));
  EXPECT_EQ(received.details.at("From"), "am@example.org");
}

/// A mail captured from Debian's Alertmanager, read where it lies, when it does.
TEST(MailReading, OldAlertmanagersCapture) {
  const char* named = std::getenv("TOCSIN_REFERENCE_DIR");
  const std::string path =
      (named != nullptr ? named : std::string(TOCSIN_SOURCE_DIR) + "/../shared/reference") +
      "/captures/am-0.25-email-firing.eml";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no captures";
  SmtpAttempt attempt;
  attempt.content = crlf(read_file(path).value());
  const Received received = read_attempt({"mail", "email", 0}, std::move(attempt));
  EXPECT_EQ(received.problem, "");
  EXPECT_EQ(received.record.title, "[FIRING:2] HighLatency c1 (critical)");
  EXPECT_EQ(received.record.text, "plain firing");
  ASSERT_EQ(received.record.alerts.size(), 2U);
  EXPECT_EQ(received.record.alerts[0].labels.to_string(),
            R"({alertname="HighLatency", cluster="c1", instance="a:1", severity="critical"})");
  EXPECT_EQ(received.record.alerts[0].annotations.at("summary"), R"(slow <b> & "q")");
  EXPECT_EQ(received.record.alerts[1].annotations.at("runbook"), "http://rb");
}

}  // namespace
}  // namespace tocsin::receivers
