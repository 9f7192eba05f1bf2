#include "fakes/receivers/trouble.h"

#include <gtest/gtest.h>

namespace tocsin::receivers {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

Trouble status(int code, Duration from = Duration(0), std::optional<Duration> to = std::nullopt,
               std::size_t first = 0) {
  Trouble trouble;
  trouble.status = code;
  trouble.from = from;
  trouble.to = to;
  trouble.first = first;
  return trouble;
}

Trouble door(TroubleKind kind, Duration from, Duration to) {
  Trouble trouble = status(500, from, to);
  trouble.kind = kind;
  return trouble;
}

const IntegrationId kSlack = {"chat", "slack", 0};
const IntegrationId kMail = {"mail", "email", 0};

TEST(TroubleSchedule, FirstsAndStretches) {
  TroubleSchedule schedule;
  schedule.add(kSlack,
               {status(503, minutes(1), minutes(2), 2), status(429, minutes(1), minutes(3))});
  const auto code = [&](Duration at) {
    const auto struck = schedule.strike(kSlack, at);
    return struck ? struck->status : 200;
  };
  EXPECT_EQ(code(seconds(59)), 200);
  EXPECT_EQ(code(seconds(60)), 503);
  EXPECT_EQ(code(seconds(60)), 503);
  EXPECT_EQ(code(seconds(60)), 429) << "two have been struck";
  EXPECT_EQ(code(minutes(3)), 200);
  EXPECT_FALSE(schedule.strike({"chat", "slack", 1}, seconds(60)));
}

TEST(TroubleSchedule, StagesAndRecipientsOfMail) {
  TroubleSchedule schedule;
  Trouble refused = status(550, Duration(0), std::nullopt, 1);
  refused.stage = SmtpStage::kRecipient;
  refused.recipient = "b@example.org";
  schedule.add(kMail, {refused, status(452)});
  EXPECT_FALSE(schedule.strike(kMail, Duration(0), SmtpStage::kSender));
  EXPECT_FALSE(schedule.strike(kMail, Duration(0), SmtpStage::kRecipient, "a@example.org"));
  EXPECT_TRUE(schedule.strike(kMail, Duration(0), SmtpStage::kRecipient, "b@example.org"));
  EXPECT_FALSE(schedule.strike(kMail, Duration(0), SmtpStage::kRecipient, "b@example.org"));
  EXPECT_EQ(schedule.strike(kMail, Duration(0), SmtpStage::kEnd)->status, 452);
}

TEST(TroubleSchedule, DoorsHaveChangePoints) {
  TroubleSchedule schedule;
  schedule.add(kSlack, {door(TroubleKind::kRefuse, minutes(1), minutes(2)),
                        door(TroubleKind::kDropAtAccept, minutes(2), minutes(3)), status(500)});
  EXPECT_EQ(schedule.at_door(kSlack, seconds(0)), std::nullopt);
  EXPECT_EQ(schedule.at_door(kSlack, seconds(60)), TroubleKind::kRefuse);
  EXPECT_EQ(schedule.at_door(kSlack, seconds(120)), TroubleKind::kDropAtAccept);
  EXPECT_EQ(schedule.at_door(kSlack, seconds(180)), std::nullopt);
  EXPECT_EQ(schedule.next_change(kSlack, seconds(0)), seconds(60));
  EXPECT_EQ(schedule.next_change(kSlack, seconds(60)), seconds(120));
  EXPECT_EQ(schedule.next_change(kSlack, seconds(150)), seconds(180));
  EXPECT_EQ(schedule.next_change(kSlack, seconds(180)), std::nullopt);
  EXPECT_EQ(schedule.strike(kSlack, seconds(60))->status, 500) << "a request that got in anyway";
}

TEST(Trouble, WhatMakesNoSenseIsRefused) {
  Trouble not_ok = status(200);
  not_ok.kind = TroubleKind::kNotOk;
  Trouble counted_door = door(TroubleKind::kRefuse, seconds(0), seconds(1));
  counted_door.first = 1;
  Trouble slow = status(200);
  slow.kind = TroubleKind::kSlow;
  Trouble later = status(429);
  later.retry_after = seconds(1);
  Trouble staged = status(550);
  staged.stage = SmtpStage::kRecipient;
  Trouble content = status(550);
  content.stage = SmtpStage::kContent;
  const std::pair<IntegrationId, Trouble> bad[] = {
      {kSlack, status(199)},
      {kSlack, status(600)},
      {kMail, status(250)},
      {kSlack, status(500, seconds(2), seconds(2))},
      {kSlack, status(500, -seconds(1))},
      {kMail, not_ok},
      {kSlack, counted_door},
      {kSlack, slow},
      {kMail, later},
      {kSlack, staged},
      {kMail, content},
  };
  for (const auto& [id, trouble] : bad) {
    EXPECT_TRUE(check_trouble(id, trouble).has_error())
        << to_string(id) << ' ' << describe(trouble);
  }
  EXPECT_EQ(check_trouble(kSlack, slow).error().message,
            "trouble of chat/slack[0]: slow: needs a delay");
  slow.delay = seconds(5);
  EXPECT_TRUE(check_trouble(kSlack, slow).has_value());
  EXPECT_EQ(describe(slow), "slow 5s");
  EXPECT_TRUE(check_trouble(kSlack, not_ok).has_value());
  EXPECT_TRUE(check_trouble(kSlack, later).has_value());
  EXPECT_TRUE(check_trouble(kMail, staged).has_value());
}

}  // namespace
}  // namespace tocsin::receivers
