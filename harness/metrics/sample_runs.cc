#include "harness/metrics/sample_runs.h"

#include "harness/metrics/exposition.h"
#include "harness/metrics/line_parser.h"
#include "harness/metrics/number.h"

namespace tocsin::metrics {

void SampleRuns::read(std::string_view text) {
  runs_.clear();
  times_.clear();
  values_.clear();
  while (!text.empty()) {
    runs_.push_back(run_at(text));
    text.remove_prefix(runs_.back().text.size());
  }
}

SampleRun SampleRuns::run_at(std::string_view text) {
  SampleRun run;
  run.begin = times_.size();
  LineCache::Entry entry = heads_.guess(text);
  std::size_t used = 0;
  if (entry != LineCache::kNone) {
    run.head_bytes = heads_.text(entry).size();
    used = add_sample(text, run.head_bytes);
  }
  if (used == 0) {
    const std::string_view line = text.substr(0, text.find('\n') + 1);
    const std::string_view head =
        line.starts_with('#') ? "" : line.substr(0, series_bytes(line.substr(0, line.size() - 1)));
    run.head_bytes = head.size();
    used = head.empty() ? 0 : add_sample(text, run.head_bytes);
    entry = used == 0 ? LineCache::kNone : heads_.find(head);
    if (used == 0) {
      run.text = line;
      run.head_bytes = 0;
      run.end = run.begin;
      return run;
    }
  }
  const std::string_view head = text.substr(0, run.head_bytes);
  std::string_view rest = text.substr(used);
  while (rest.starts_with(head)) {
    const std::size_t more = add_sample(rest, run.head_bytes);
    if (more == 0) break;
    rest.remove_prefix(more);
  }
  if (entry != LineCache::kNone) {
    heads_.advance(entry);
    run.series = heads_.id(entry);
  }
  run.text = text.substr(0, text.size() - rest.size());
  run.end = times_.size();
  return run;
}

/// Takes the sample of the line that `text` begins with; returns the line's bytes, or 0 when it is
/// not written plainly.
std::size_t SampleRuns::add_sample(std::string_view text, std::size_t head_bytes) {
  const char* const end = text.data() + text.size();
  const char* at = text.data() + head_bytes;
  double value = 0;
  if (at == end || *at != ' ' || !(at = parse_decimal(at + 1, end, value))) return 0;
  double seconds = 0;
  if (at == end || *at != ' ' || !(at = parse_decimal(at + 1, end, seconds))) return 0;
  if (at == end || *at != '\n') return 0;
  const auto line_bytes = static_cast<std::size_t>(at - text.data());
  if (line_bytes > ExpositionLimits{}.line_bytes) return 0;
  const std::optional<Timestamp> when = openmetrics_timestamp(seconds);
  if (!when) return 0;
  times_.push_back(to_ms(*when));
  values_.push_back(value);
  return line_bytes + 1;
}

}  // namespace tocsin::metrics
