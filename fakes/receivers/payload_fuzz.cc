#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "fakes/receivers/masks.h"
#include "fakes/receivers/paths.h"
#include "fakes/receivers/reading.h"
#include "harness/base/check.h"

/// libFuzzer target: a service, chosen by the first byte, answers any body at any path. The path is
/// the first line.

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tocsin;
  constexpr std::array kKinds = {"webhook",    "slack",    "pagerduty",  "opsgenie",   "msteams",
                                 "msteamsv2",  "discord",  "telegram",   "jira",       "victorops",
                                 "incidentio", "pushover", "mattermost", "rocketchat", "sns",
                                 "webex",      "wechat"};
  if (size == 0) return 0;
  const std::string kind = kKinds[data[0] % kKinds.size()];
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t end = std::min(text.find('\n'), text.size());
  http::Request request;
  request.method = data[0] < 200 ? "POST" : "PUT";
  request.target = receivers::path_of({"r", kind, 0}) + '/' + text.substr(0, end);
  request.headers.add("Authorization", kind == "opsgenie" ? "GenieKey k" : "Bearer k");
  request.headers.add("X-Auth-Token", "t");
  request.headers.add("X-User-Id", "i");
  request.body = text.substr(std::min(end + 1, text.size()));
  const auto target = receivers::parse_path(request.path());
  TOCSIN_CHECK(target && target->id.kind == kind, "its own path");
  receivers::Memory memory;
  const receivers::Reading reading = receivers::read_request({kind, target->rest, request, memory});
  TOCSIN_CHECK(reading.answer.status >= 200 && reading.answer.status < 500, "no answer");
  TOCSIN_CHECK((reading.answer.status < 300) == reading.problem.empty() || kind == "slack" ||
                   kind == "wechat",
               "a refusal without a reason");
  (void)receivers::masked_target(request.target, 4, kind);
  TOCSIN_CHECK(receivers::masked_json(receivers::masked_json(request.body)) ==
                   receivers::masked_json(request.body),
               "masked twice is masked once");
  return 0;
}
