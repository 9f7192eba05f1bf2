#include <algorithm>

#include <fmt/format.h>

#include "fakes/receivers/form_input.h"
#include "fakes/receivers/reading.h"
#include "harness/base/utf8.h"

/// Amazon SNS: Publish as a form, with a signature that is not checked.

namespace tocsin::receivers {
namespace {

constexpr std::size_t kLongestSubject = 100;
constexpr std::size_t kLargestMessage = 256 * 1024;

void refuse_sns(Reading& reading, int status, const char* code, const std::string& why) {
  reading.problem = why;
  reading.answer = http::text_response(
      status,
      fmt::format("<ErrorResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><Error>"
                  "<Type>Sender</Type><Code>{}</Code><Message>{}</Message></Error>"
                  "<RequestId>9dd01905-5012-5f99-8663-4b3ecd0dfaef</RequestId></ErrorResponse>",
                  code, why),
      "text/xml");
}

bool is_subject(const std::string& text) {
  return utf8_length(text) <= kLongestSubject && std::none_of(text.begin(), text.end(), [](char c) {
           return static_cast<unsigned char>(c) < ' ';
         });
}

}  // namespace

Reading read_sns(const Incoming& incoming) {
  Reading reading;
  std::map<std::string, std::string> form = form_values(incoming.request.body);
  NotificationRecord& record = reading.record;
  record.text = form["Message"];
  record.title = form["Subject"];
  if (record.title.empty()) record.title = record.text.substr(0, record.text.find('\n'));
  read_texts(reading);
  for (const char* name : {"TopicArn", "TargetArn", "PhoneNumber"}) {
    if (!form[name].empty()) reading.details["channel"] = form[name];
  }
  const bool signed_ = incoming.request.headers.get("Authorization").starts_with("AWS4-");
  if (form["Action"] != "Publish") {
    refuse_sns(reading, 400, "InvalidAction", "The action is not valid for this endpoint.");
  } else if (!signed_) {
    refuse_sns(reading, 403, "MissingAuthenticationToken",
               "Request is missing Authentication Token");
  } else if (reading.details["channel"].empty()) {
    refuse_sns(reading, 400, "InvalidParameter",
               "Invalid parameter: TopicArn or TargetArn Reason: no value for required parameter");
  } else if (record.text.empty() || record.text.size() > kLargestMessage) {
    refuse_sns(reading, 400, "InvalidParameter",
               record.text.empty() ? "Invalid parameter: Empty message"
                                   : "Invalid parameter: Message too long");
  } else if (!is_subject(form["Subject"])) {
    refuse_sns(reading, 400, "InvalidParameter", "Invalid parameter: Subject");
  } else {
    reading.answer = http::text_response(
        200,
        "<PublishResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><PublishResult>"
        "<MessageId>94f20ce6-13c5-43a0-9a9e-ca52d816e90b</MessageId></PublishResult>"
        "<ResponseMetadata><RequestId>f187a3c1-376f-11df-8963-01868b7c937a</RequestId>"
        "</ResponseMetadata></PublishResponse>",
        "text/xml");
  }
  return reading;
}

}  // namespace tocsin::receivers
