#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "fakes/receivers/mail/mail_reading.h"
#include "harness/base/check.h"

/// libFuzzer target: whatever a client says, in whatever pieces, the dialogue goes on or ends,
/// holds no more than it may, and what it takes for a mail can be read. The first byte is how long
/// a piece is.

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tocsin::receivers;
  if (size == 0) return 0;
  SmtpSettings settings;
  settings.message_bytes = 1000;
  settings.line_bytes = 200;
  settings.recipients = 3;
  settings.users["a"] = "b";
  SmtpHooks hooks;
  hooks.trouble = [](SmtpStage, const SmtpEnvelope&, std::string_view) { return std::nullopt; };
  hooks.attempt = [&](SmtpAttempt attempt) {
    TOCSIN_CHECK(attempt.content.size() <= settings.message_bytes, "a mail over the limit");
    TOCSIN_CHECK(attempt.envelope.recipients.size() <= settings.recipients, "too many recipients");
    (void)read_attempt({"r", "email", 0}, std::move(attempt));
  };
  SmtpDialogue dialogue(settings, hooks, false);
  std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t piece = data[0] + std::size_t{1};
  while (true) {
    const SmtpAction action = dialogue.next();
    using Kind = SmtpAction::Kind;
    TOCSIN_CHECK(action.text.empty() || action.text.ends_with("\r\n"), "half a line");
    if (action.kind == Kind::kClose || action.kind == Kind::kReset) break;
    if (action.kind == Kind::kStartTls) dialogue.tls_started();
    if (action.kind != Kind::kNeedBytes) continue;
    if (input.empty()) {
      dialogue.give_up("the end");
      break;
    }
    const std::string_view next = input.substr(0, piece);
    dialogue.feed(next);
    input.remove_prefix(next.size());
  }
  return 0;
}
