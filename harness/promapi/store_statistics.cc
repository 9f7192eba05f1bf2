#include "harness/promapi/store_statistics.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <vector>

#include <fmt/format.h>

#include "harness/promapi/json_text.h"
#include "harness/promapi/result_json.h"

namespace tocsin::promapi {
namespace {

constexpr std::size_t kUsualLength = 10;

struct Count {
  std::string name;
  std::uint64_t value = 0;
};

/// The largest first, equal ones by name.
std::string largest(std::vector<Count> counts, std::size_t length) {
  const std::size_t kept = std::min(length, counts.size());
  std::partial_sort(counts.begin(), counts.begin() + static_cast<std::ptrdiff_t>(kept),
                    counts.end(), [](const Count& a, const Count& b) {
                      return a.value != b.value ? a.value > b.value : a.name < b.name;
                    });
  std::string out = "[";
  for (std::size_t i = 0; i < kept; ++i) {
    out += i > 0 ? ",{\"name\":" : "{\"name\":";
    append_json_string(out, counts[i].name);
    out += fmt::format(",\"value\":{}}}", counts[i].value);
  }
  return out + ']';
}

/// How many series have each value of each label.
using LabelCounts = std::map<std::string, std::map<std::string, std::uint64_t>, std::less<>>;

LabelCounts count_labels(const metrics::Store& store) {
  LabelCounts counts;
  for (std::size_t i = 0; i < store.series_count(); ++i) {
    for (const auto& [name, value] : store.labels(static_cast<metrics::SeriesId>(i))) {
      ++counts[std::string(name)][std::string(value)];
    }
  }
  return counts;
}

}  // namespace

std::string answer_store_statistics(const RouteCall& call) {
  const std::size_t limit = call.parameters.limit();
  const std::size_t length = limit == 0 ? kUsualLength : limit;
  const metrics::Store& store = call.api.store();
  std::vector<Count> metrics;
  std::vector<Count> values;
  std::vector<Count> bytes;
  std::vector<Count> pairs;
  for (const auto& [name, series_by_value] : count_labels(store)) {
    values.push_back({name, series_by_value.size()});
    std::uint64_t total = 0;
    for (const auto& [value, series] : series_by_value) {
      if (name == kMetricName) metrics.push_back({value, series});
      pairs.push_back({name + "=" + value, series});
      total += value.size() * series;
    }
    bytes.push_back({name, total});
  }
  const auto range = store.time_range();
  std::string data = fmt::format(
      "{{\"headStats\":{{\"numSeries\":{},\"numLabelPairs\":{},\"chunkCount\":{},\"minTime\":{},"
      "\"maxTime\":{}}}",
      store.series_count(), pairs.size(), store.series_count(), range ? to_ms(range->from) : 0,
      range ? to_ms(range->to) : 0);
  data += ",\"seriesCountByMetricName\":" + largest(std::move(metrics), length);
  data += ",\"labelValueCountByLabelName\":" + largest(std::move(values), length);
  data += ",\"memoryInBytesByLabelName\":" + largest(std::move(bytes), length);
  data += ",\"seriesCountByLabelValuePair\":" + largest(std::move(pairs), length);
  return success_json(data + '}');
}

}  // namespace tocsin::promapi
