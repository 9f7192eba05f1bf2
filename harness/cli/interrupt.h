#pragma once

#include <atomic>

namespace tocsin::cli {

/// While the input is read, SIGINT and SIGTERM end the process at once, with exit code 3: nothing
/// was started that could be reported, and a read may wait for ever (a pipe that nobody writes).
/// A closed pipe and a file that grows too large are errors of the write, not signals.
void exit_on_interrupts();
/// From now on SIGINT and SIGTERM set interrupted(); another one, more than a second later, ends
/// the process at once, as without a handler. For each command to call when its input is read.
void watch_interrupts();
const std::atomic<bool>& interrupted();

}  // namespace tocsin::cli
