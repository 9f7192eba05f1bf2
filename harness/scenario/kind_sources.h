#pragma once

#include <string_view>

/// fakes/exporters/*.yaml as parts of the binary; the build writes the source file.

namespace tocsin::scenario {

extern const std::string_view kNodeSource;
extern const std::string_view kPostgresSource;
extern const std::string_view kRedisSource;
extern const std::string_view kCelerySource;

}  // namespace tocsin::scenario
