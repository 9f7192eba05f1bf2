#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "harness/base/time.h"

namespace tocsin::fakes {

/// Events per second over the last ten seconds of the clock, or since the start if that is shorter.
class LiveMeter {
 public:
  void add(Nanos at);
  double rate(Nanos at);

 private:
  static constexpr std::int64_t kWindow = 10;  ///< seconds, a bin each

  void roll(std::int64_t second);

  std::array<std::int64_t, kWindow + 1> bins_{};
  std::int64_t second_ = 0;  ///< of the newest bin
};

}  // namespace tocsin::fakes
