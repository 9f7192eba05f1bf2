#pragma once

#include <atomic>

namespace tocsin::cli {

/// SIGINT and SIGTERM set interrupted(); a second one ends the process at once, as without a
/// handler. A closed pipe and a file that grows too large are errors of the write, not signals.
void watch_interrupts();
const std::atomic<bool>& interrupted();

}  // namespace tocsin::cli
