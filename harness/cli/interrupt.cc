#include "harness/cli/interrupt.h"

#include <csignal>
#include <unistd.h>

#include "harness/cli/command.h"

namespace tocsin::cli {
namespace {

std::atomic<bool> flag{false};
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler sets it");

extern "C" void on_signal(int /*signal*/) {
  flag.store(true);
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
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
  return flag;
}

}  // namespace tocsin::cli
