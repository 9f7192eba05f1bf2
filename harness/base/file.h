#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "harness/base/error.h"

namespace tocsin {

/// The whole file, at most `limit_bytes` of it allowed. Errors name the file and the system's
/// reason.
Result<std::string> read_file(const std::string& path, std::size_t limit_bytes = 1ULL << 30);

/// Writes to a temporary name in the same folder, flushes it to disk and renames: readers see the
/// old file or the whole new one. Makes missing folders. On error nothing is left behind. Devices
/// and pipes (/dev/stdout) are written in place; a link stays and its target is replaced.
Result<void> write_file_atomically(const std::string& path, std::string_view bytes);

}  // namespace tocsin
