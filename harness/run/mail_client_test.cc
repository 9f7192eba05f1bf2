#include "harness/run/mail_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fakes/receivers/receiver_server.h"

namespace tocsin::run {
namespace {

using alerting::Answer;
using ::testing::HasSubstr;
using ::testing::SizeIs;

alerting::Mail mail_to(std::string smarthost) {
  alerting::Mail mail;
  mail.smarthost = std::move(smarthost);
  mail.hello = "localhost";
  mail.from = "a@example.org";
  mail.to = {"b@example.org", "c@example.org"};
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
  EXPECT_THAT(answer.error, HasSubstr("550"));
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
  EXPECT_EQ(refused.error, "connection refused");
  EXPECT_EQ(answer_to(mail_to("nowhere")).kind, Answer::Kind::kImpossible);
}

}  // namespace
}  // namespace tocsin::run
