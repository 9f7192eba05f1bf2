#include "harness/run/mail_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fakes/receivers/receiver_server.h"
#include "harness/run/mail_auth.h"

namespace tocsin::run {
namespace {

using alerting::Answer;
using ::testing::Contains;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

alerting::Mail mail_to(std::string smarthost) {
  alerting::Mail mail;
  mail.smarthost = std::move(smarthost);
  mail.hello = "localhost";
  mail.from = "a@example.org";
  mail.to = {"b@example.org", "c@example.org"};
  mail.tls.verify = false;
  mail.message = "Subject: dots\r\n\r\n.one\r\n..two\r\nthree\r\n";
  return mail;
}

Answer answer_to(alerting::Mail mail) {
  net::Loop loop;
  const Nanos deadline = loop.now() + std::chrono::seconds(10);
  return loop.run(hand_in(loop, std::move(mail), deadline));
}

receivers::ReceiverOptions with(std::vector<receivers::Trouble> troubles) {
  receivers::ReceiverOptions options;
  options.integrations.emplace_back();
  options.integrations.back().id = {"mail", "email", 0};
  options.integrations.back().troubles = std::move(troubles);
  return options;
}

TEST(MailClient, HandsInWhatTheServerGets) {
  const auto server = receivers::ReceiverServer::open(with({})).value();
  const Answer answer = answer_to(mail_to(server->smtp_address("mail")));
  EXPECT_EQ(answer.kind, Answer::Kind::kStatus);
  EXPECT_EQ(answer.status, 200);
  ASSERT_THAT(server->received(), SizeIs(1));
  const receivers::Received got = server->received().front();
  EXPECT_EQ(got.record.title, "dots");
  EXPECT_THAT(got.record.text, HasSubstr(".one\n..two\nthree"));
  EXPECT_EQ(got.target, "b@example.org,c@example.org");
}

TEST(MailClient, TellsTheReplyThatSaysNo) {
  receivers::Trouble trouble;
  trouble.kind = receivers::TroubleKind::kAnswer;
  trouble.status = 550;
  trouble.stage = receivers::SmtpStage::kRecipient;
  trouble.recipient = "c@example.org";
  const auto server = receivers::ReceiverServer::open(with({trouble})).value();
  const Answer answer = answer_to(mail_to(server->smtp_address("mail")));
  EXPECT_EQ(answer.kind, Answer::Kind::kStatus);
  EXPECT_EQ(answer.status, 550);
  EXPECT_THAT(answer.error, StartsWith("send RCPT command: 550 "));
}

TEST(MailClient, ABrokenConnectionIsLost) {
  receivers::Trouble trouble;
  trouble.kind = receivers::TroubleKind::kDrop;
  trouble.stage = receivers::SmtpStage::kContent;
  const auto server = receivers::ReceiverServer::open(with({trouble})).value();
  EXPECT_EQ(answer_to(mail_to(server->smtp_address("mail"))).kind, Answer::Kind::kLost);
}

TEST(MailClient, NobodyThereIsLostAndNoAddressImpossible) {
  std::string address;
  {
    const auto server = receivers::ReceiverServer::open(with({})).value();
    address = server->smtp_address("mail");
  }
  const Answer refused = answer_to(mail_to(address));
  EXPECT_EQ(refused.kind, Answer::Kind::kLost);
  EXPECT_EQ(refused.error, "establish connection to server: connection refused");
  EXPECT_EQ(answer_to(mail_to("nowhere")).kind, Answer::Kind::kImpossible);
}

struct Server {
  explicit Server(receivers::SmtpManners manners, bool implicit_tls = false) {
    receivers::ReceiverOptions options = with({});
    options.integrations.back().implicit_tls = implicit_tls;
    options.smtp = std::move(manners);
    server = receivers::ReceiverServer::open(options).value();
  }

  /// To this server, which is trusted.
  alerting::Mail mail() const {
    alerting::Mail made = mail_to(server->smtp_address("mail"));
    made.tls = {true, server->certificate_file(), ""};
    return made;
  }
  std::map<std::string, std::string> details() const {
    return server->received().empty() ? std::map<std::string, std::string>()
                                      : server->received().back().details;
  }

  std::unique_ptr<receivers::ReceiverServer> server;
};

receivers::SmtpManners strict() {
  receivers::SmtpManners manners;
  manners.needs_tls = true;
  manners.needs_auth = true;
  manners.users = {{"am", "word"}};
  return manners;
}

TEST(MailClient, TlsAndAuth) {
  struct Case {
    const char* password;
    const char* secret;
    const char* mechanism;
  };
  const Case cases[] = {{"word", "", "PLAIN"}, {"", "word", "CRAM-MD5"}};
  for (const Case& c : cases) {
    const Server strict_one(strict());
    alerting::Mail mail = strict_one.mail();
    mail.username = "am";
    mail.password = c.password;
    mail.secret = c.secret;
    const Answer answer = answer_to(mail);
    EXPECT_EQ(answer.status, 200) << answer.error;
    EXPECT_EQ(strict_one.details().at("tls"), "yes");
    EXPECT_EQ(strict_one.details().at("auth"), c.mechanism);
  }
}

TEST(MailClient, TlsFromTheFirstByteOn) {
  const Server server(strict(), true);
  alerting::Mail mail = server.mail();
  mail.implicit_tls = true;
  mail.username = "am";
  mail.password = "word";
  const Answer answer = answer_to(mail);
  EXPECT_EQ(answer.status, 200) << answer.error;
  EXPECT_EQ(server.details().at("tls"), "yes");
}

TEST(MailClient, WithoutTlsWhereNobodyAsksForIt) {
  const Server server({});
  alerting::Mail mail = server.mail();
  mail.require_tls = false;
  mail.username = "somebody";
  mail.password = "anything";
  EXPECT_EQ(answer_to(mail).status, 200);
  EXPECT_EQ(server.details().at("auth"), "PLAIN");
  EXPECT_EQ(server.details().at("tls"), "no");
}

TEST(MailAuth, Answers) {
  alerting::Mail mail = mail_to("mail.example.org:25");
  EXPECT_FALSE(MailAuth::choose(mail, "PLAIN")->has_value()) << "no user";
  mail.username = "am";
  mail.password = "word";
  const auto login = MailAuth::choose(mail, "XOAUTH2 LOGIN PLAIN").value();
  EXPECT_EQ(login->mechanism(), "LOGIN");
  EXPECT_EQ(login->first(false).value(), "");
  EXPECT_EQ(login->answer("Username:").value(), "am");
  EXPECT_EQ(login->answer("password:").value(), "word");
  EXPECT_EQ(login->answer("User Name").error().message, "unexpected server challenge");
  const auto plain = MailAuth::choose(mail, "PLAIN").value();
  EXPECT_EQ(plain->first(true).value(), std::string("\0am\0word", 8));
  EXPECT_EQ(plain->first(false).error().message, "unencrypted connection");
  EXPECT_EQ(MailAuth::choose(mail, "XOAUTH2").error().message,
            "find auth mechanism: unknown auth mechanism: XOAUTH2");
}

/// With Alertmanager's words for each.
TEST(MailClient, Refusals) {
  const Server server(strict());
  alerting::Mail wrong = server.mail();
  wrong.username = "am";
  wrong.password = "wrong";
  const Answer password = answer_to(wrong);
  EXPECT_EQ(password.kind, Answer::Kind::kStatus);
  EXPECT_EQ(password.status, 535);
  EXPECT_THAT(password.error, StartsWith("*smtp.plainAuth auth: 535 "));

  alerting::Mail poor = server.mail();
  poor.username = "am";
  EXPECT_EQ(answer_to(poor).error,
            "find auth mechanism: missing password for PLAIN auth mechanism\n"
            "missing password for LOGIN auth mechanism\n"
            "missing secret for CRAM-MD5 auth mechanism");

  const Answer nobody = answer_to(server.mail());
  EXPECT_EQ(nobody.status, 530);
  EXPECT_THAT(nobody.error, StartsWith("send MAIL command: 530 "));
  EXPECT_THAT(server.server->received(), Not(Contains(Field(&receivers::Received::problem, ""))));
}

TEST(MailClient, NoStarttls) {
  receivers::SmtpManners old;
  old.starttls = false;
  const Server server(old);
  const Answer answer = answer_to(server.mail());
  EXPECT_EQ(answer.kind, Answer::Kind::kLost);
  EXPECT_EQ(answer.error, "'require_tls' is true (default) but \"" +
                              server.server->smtp_address("mail") +
                              "\" does not advertise the STARTTLS extension");
}

TEST(MailClient, CertificatesThatNobodyVouchesFor) {
  const Server server({});
  alerting::Mail unknown = server.mail();
  unknown.tls.ca_file.clear();
  const Answer stranger = answer_to(unknown);
  EXPECT_EQ(stranger.kind, Answer::Kind::kLost);
  EXPECT_THAT(stranger.error, StartsWith("send STARTTLS command: "));
  EXPECT_THAT(stranger.error, HasSubstr("certificate"));
  alerting::Mail other = server.mail();
  other.tls.server_name = "mail.example.org";
  EXPECT_THAT(answer_to(other).error, StartsWith("send STARTTLS command: "));
  alerting::Mail unreadable = server.mail();
  unreadable.tls.ca_file = "/nowhere/at/all.pem";
  const Answer file = answer_to(unreadable);
  EXPECT_EQ(file.kind, Answer::Kind::kImpossible);
  EXPECT_THAT(file.error, StartsWith("parse TLS configuration: "));
  EXPECT_THAT(server.server->received(), Not(Contains(Field(&receivers::Received::problem, ""))));
}

}  // namespace
}  // namespace tocsin::run
