#include "harness/promql/label_hash.h"

#include <array>
#include <bit>
#include <cstring>
#include <string>

namespace tocsin::promql {
namespace {

constexpr std::uint64_t kPrime1 = 0x9E3779B185EBCA87ULL;
constexpr std::uint64_t kPrime2 = 0xC2B2AE3D27D4EB4FULL;
constexpr std::uint64_t kPrime3 = 0x165667B19E3779F9ULL;
constexpr std::uint64_t kPrime4 = 0x85EBCA77C2B2AE63ULL;
constexpr std::uint64_t kPrime5 = 0x27D4EB2F165667C5ULL;

/// Little-endian, on any machine.
template <std::size_t size>
std::uint64_t take(std::string_view& bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i) {
    value |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  }
  bytes.remove_prefix(size);
  return value;
}

std::uint64_t mixed(std::uint64_t lane, std::uint64_t input) {
  return std::rotl(lane + input * kPrime2, 31) * kPrime1;
}

void put_text(std::string& out, std::string_view text) {
  constexpr std::size_t kLong = 255;
  if (text.size() < kLong) {
    out += static_cast<char>(text.size());
  } else {
    out += static_cast<char>(kLong);
    for (int shift = 0; shift < 24; shift += 8) out += static_cast<char>(text.size() >> shift);
  }
  out += text;
}

}  // namespace

std::uint64_t xxhash64(std::string_view bytes) {
  const std::size_t length = bytes.size();
  std::uint64_t hash = kPrime5;
  if (length >= 32) {
    std::array<std::uint64_t, 4> lanes = {kPrime1 + kPrime2, kPrime2, 0, 0 - kPrime1};
    while (bytes.size() >= 32) {
      for (std::uint64_t& lane : lanes) lane = mixed(lane, take<8>(bytes));
    }
    hash = std::rotl(lanes[0], 1) + std::rotl(lanes[1], 7) + std::rotl(lanes[2], 12) +
           std::rotl(lanes[3], 18);
    for (const std::uint64_t lane : lanes) hash = (hash ^ mixed(0, lane)) * kPrime1 + kPrime4;
  }
  hash += length;
  while (bytes.size() >= 8) {
    hash = std::rotl(hash ^ mixed(0, take<8>(bytes)), 27) * kPrime1 + kPrime4;
  }
  if (bytes.size() >= 4) {
    hash = std::rotl(hash ^ (take<4>(bytes) * kPrime1), 23) * kPrime2 + kPrime3;
  }
  while (!bytes.empty()) hash = std::rotl(hash ^ (take<1>(bytes) * kPrime5), 11) * kPrime1;
  hash = (hash ^ (hash >> 33)) * kPrime2;
  hash = (hash ^ (hash >> 29)) * kPrime3;
  return hash ^ (hash >> 32);
}

std::uint64_t label_hash(const Labels& labels) {
  std::string bytes;
  for (const LabelView label : labels) {
    put_text(bytes, label.name);
    put_text(bytes, label.value);
  }
  return xxhash64(bytes);
}

}  // namespace tocsin::promql
