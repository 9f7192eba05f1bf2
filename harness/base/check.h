#pragma once

/// TOCSIN_CHECK(condition, why): a programmer's error aborts with its reason. Never reachable from
/// user input; see error.h for those.

namespace tocsin {
[[noreturn]] void check_failed(const char* condition, const char* why, const char* file, int line);
}  // namespace tocsin

#define TOCSIN_CHECK(condition, why)                   \
  (static_cast<bool>(condition) ? static_cast<void>(0) \
                                : ::tocsin::check_failed(#condition, why, __FILE__, __LINE__))
