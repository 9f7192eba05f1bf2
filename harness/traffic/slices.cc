#include "harness/traffic/slices.h"

#include <utility>

namespace tocsin::traffic {
namespace {

/// Seven bits a byte, the lowest first; the top bit says that more follow.
void append_varint(std::uint64_t value, std::string& into) {
  for (; value >= 0x80; value >>= 7) into.push_back(static_cast<char>(value | 0x80));
  into.push_back(static_cast<char>(value));
}

std::uint64_t take_varint(const std::string& bytes, std::size_t& at) {
  std::uint64_t value = 0;
  for (int shift = 0;; shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes[at++]);
    value |= std::uint64_t{byte & 0x7fU} << shift;
    if (byte < 0x80) return value;
  }
}

}  // namespace

PackedHistogram::PackedHistogram(const LatencyHistogram& histogram)
    : min_(histogram.min()), max_(histogram.max()), sum_ns_(histogram.sum_ns()) {
  std::uint32_t before = 0;
  for (const LatencyHistogram::Bucket& bucket : histogram.buckets()) {
    append_varint(bucket.index - before, bytes_);
    append_varint(bucket.count, bytes_);
    before = bucket.index;
  }
  bytes_.shrink_to_fit();
}

LatencyHistogram PackedHistogram::unpack() const {
  std::vector<LatencyHistogram::Bucket> buckets;
  std::uint32_t index = 0;
  for (std::size_t at = 0; at < bytes_.size();) {
    index += static_cast<std::uint32_t>(take_varint(bytes_, at));
    const std::uint64_t count = take_varint(bytes_, at);
    buckets.push_back({index, count});
  }
  return LatencyHistogram::from_buckets(buckets, min_, max_, sum_ns_);
}

void Slices::Slice::open() {
  counts.response = response.unpack();
  counts.service = service.unpack();
  counts.send_lag = send_lag.unpack();
  is_open = true;
}

void Slices::Slice::pack() {
  response = PackedHistogram(counts.response);
  service = PackedHistogram(counts.service);
  send_lag = PackedHistogram(counts.send_lag);
  counts.response = {};
  counts.service = {};
  counts.send_lag = {};
  is_open = false;
}

LoadCounts& Slices::at(std::size_t index) {
  if (index >= slices_.size()) slices_.resize(index + 1);
  Slice& slice = slices_[index];
  if (!slice.is_open) {
    if (open_.size() == kOpen) {
      slices_[open_.front()].pack();
      open_.erase(open_.begin());
    }
    slice.open();
    open_.push_back(index);
  }
  return slice.counts;
}

LoadCounts Slices::copy(std::size_t index) const {
  Slice slice = slices_[index];
  if (!slice.is_open) slice.open();
  return std::move(slice.counts);
}

void Slices::merge(const Slices& other) {
  for (std::size_t i = 0; i < other.size(); ++i) at(i).merge(other.copy(i));
}

}  // namespace tocsin::traffic
