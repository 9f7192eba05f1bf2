#include "harness/cli/interrupt.h"

#include <csignal>
#include <cstdint>
#include <ctime>
#include <unistd.h>

#include "harness/cli/command.h"

namespace tocsin::cli {
namespace {

std::atomic<bool> interrupt_flag{false};
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler sets it");

/// timeout(1), and terminals with a shell script between, send a signal twice: to the process and
/// to its group. What comes so soon after the first is the same wish.
constexpr std::int64_t kOneWishMs = 1000;
std::atomic<std::int64_t> first_ms{0};
static_assert(std::atomic<std::int64_t>::is_always_lock_free, "a signal handler sets it");

std::int64_t monotonic_ms() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

extern "C" void on_signal(int signal) {
  const std::int64_t now_ms = monotonic_ms();
  std::int64_t none = 0;
  if (first_ms.compare_exchange_strong(none, now_ms)) {
    interrupt_flag.store(true);
  } else if (now_ms - first_ms.load() > kOneWishMs) {
    std::signal(signal, SIG_DFL);
    std::raise(signal);
  }
}

extern "C" void exit_at_once(int /*signal*/) {
  _exit(static_cast<int>(ExitCode::kInconclusive));
}

}  // namespace

void watch_interrupts() {
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
}

void exit_on_interrupts() {
  std::signal(SIGINT, exit_at_once);
  std::signal(SIGTERM, exit_at_once);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
}

const std::atomic<bool>& interrupted() {
  return interrupt_flag;
}

}  // namespace tocsin::cli
