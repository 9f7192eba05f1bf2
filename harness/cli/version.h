#pragma once

namespace tocsin::cli {

inline constexpr const char* kVersion = TOCSIN_VERSION;

}  // namespace tocsin::cli
