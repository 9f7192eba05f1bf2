#pragma once

#include <atomic>

namespace tocsin::cli {

/// SIGINT and SIGTERM set interrupted(); a second one ends the process at once, as without a
/// handler. SIGPIPE is ignored: a closed pipe is an error of the write.
void watch_interrupts();
const std::atomic<bool>& interrupted();

}  // namespace tocsin::cli
