#include "harness/base/clock.h"

namespace tocsin {
namespace {

class SystemClock final : public Clock {
 public:
  Timestamp now() const override {
    return std::chrono::floor<Duration>(std::chrono::system_clock::now());
  }
  Nanos monotonic() const override { return std::chrono::steady_clock::now().time_since_epoch(); }
};

}  // namespace

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

}  // namespace tocsin
