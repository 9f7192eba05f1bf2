#include "harness/check/fingerprint.h"

#include <filesystem>
#include <string_view>

#include <fmt/format.h>

namespace tocsin::check {
namespace {

/// FNV-1a, so that the same text has the same number everywhere.
std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 1099511628211ULL;
  }
  return hash;
}

}  // namespace

std::string path_in_repository(const std::string& path) {
  std::error_code error;
  std::filesystem::path relative = path;
  if (relative.is_absolute()) {
    const auto folder = std::filesystem::current_path(error);
    if (!error) relative = relative.lexically_relative(folder);
  }
  return relative.empty() ? path : relative.lexically_normal().generic_string();
}

std::string Fingerprints::next(const Finding& finding) {
  const std::uint64_t hash = hash_of(finding.check + '\n' + finding.place.pos.file + '\n' +
                                     finding.about + '\n' + finding.message);
  return fmt::format("{:016x}:{}", hash, ++times_[hash]);
}

}  // namespace tocsin::check
