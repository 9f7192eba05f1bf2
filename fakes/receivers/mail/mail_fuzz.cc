#include <cstddef>
#include <cstdint>
#include <string_view>

#include "fakes/receivers/mail/mail_reading.h"
#include "harness/base/check.h"
#include "harness/base/utf8.h"

/// libFuzzer target: any bytes are a mail that says something, in valid UTF-8.

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tocsin;
  receivers::SmtpAttempt attempt;
  attempt.content.assign(reinterpret_cast<const char*>(data), size);
  const receivers::Received received =
      receivers::read_attempt({"r", "email", 0}, std::move(attempt));
  TOCSIN_CHECK(!find_invalid_utf8(received.record.title), "an unreadable title");
  TOCSIN_CHECK(!find_invalid_utf8(received.record.text), "an unreadable text");
  TOCSIN_CHECK(!find_invalid_utf8(received.html), "an unreadable page");
  return 0;
}
