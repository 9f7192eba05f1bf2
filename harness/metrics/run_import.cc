#include "harness/metrics/run_import.h"

namespace tocsin::metrics {

Result<void> RunImport::take(SampleRuns& runs) {
  for (const SampleRun& run : runs.runs()) {
    if (error_ || !take_run(runs, run)) return positioned(*error_);
  }
  return {};
}

bool RunImport::take_run(SampleRuns& runs, const SampleRun& run) {
  if (run.head_bytes == 0 || ended_) return take_lines(run.text);
  std::span<const std::int64_t> times = runs.times(run);
  std::span<const double> values = runs.values(run);
  std::optional<SeriesId> series = run.series;
  if (!series) {
    LineCache::Entry known = heads_.find(run.head());
    if (known == LineCache::kNone) {
      const std::size_t first_line = run.text.find('\n') + 1;
      if (!take_lines(run.text.substr(0, first_line))) return false;
      known = heads_.find(run.head());
      if (known == LineCache::kNone) return take_lines(run.text.substr(first_line));
      times = times.subspan(1);
      values = values.subspan(1);
    }
    series = heads_.id(known);
    runs.learn(run.head(), *series);
  }
  parser_.count_known_samples(times.size());
  take_samples(*series, times, values);
  return true;
}

bool RunImport::take_lines(std::string_view text) {
  while (!text.empty()) {
    const std::size_t line_break = text.find('\n');
    if (!take_line(text.substr(0, line_break))) return false;
    text.remove_prefix(line_break + 1);
  }
  return true;
}

bool RunImport::take_line(std::string_view line) {
  using Line = LineParser::Line;
  const bool may_be_known = !line.starts_with('#') && !ended_ && parser_.fits(line.size());
  const std::size_t head = may_be_known ? series_bytes(line) : 0;
  LineCache::Entry entry = head > 0 ? heads_.find(line.substr(0, head)) : LineCache::kNone;
  const Line kind = entry == LineCache::kNone ? parser_.next(line) : parser_.next_known(line, head);
  switch (kind) {
    case Line::kError:
      error_ = parser_.error();
      return false;
    case Line::kEof:
      ended_ = true;
      return true;
    case Line::kNothing:
      return true;
    case Line::kType:
    case Line::kHelp:
    case Line::kUnit:
      learn_family(kind);
      return true;
    case Line::kSample:
      break;
  }
  const ParsedSample& sample = parser_.sample();
  if (!sample.at) {
    error_ = input_error({"", sample.line, static_cast<int>(line.size()) + 1},
                         "expected a timestamp: a file of samples gives each its time");
    error_->excerpt = line;
    return false;
  }
  if (entry == LineCache::kNone) entry = add_series(line, sample);
  take_sample(heads_.id(entry), *sample.at,
              sample.value_text == "nan" ? stale_marker() : sample.value);
  return true;
}

LineCache::Entry RunImport::add_series(std::string_view line, const ParsedSample& sample) {
  std::vector<LabelView> labels(sample.labels.begin(), sample.labels.end());
  labels.push_back({kMetricName, sample.name});
  const SeriesId id = store_.intern(Labels::from(std::move(labels)));
  return heads_.add(line.substr(0, parser_.head_bytes()), id);
}

void RunImport::learn_family(LineParser::Line kind) {
  if (family_.name != parser_.family()) family_ = {std::string(parser_.family()), {}, {}, {}};
  if (kind == LineParser::Line::kType) family_.type = parser_.type();
  if (kind == LineParser::Line::kHelp) family_.help = parser_.text();
  if (kind == LineParser::Line::kUnit) family_.unit = parser_.text();
  store_.set_family(family_);
}

void RunImport::take_samples(SeriesId id, std::span<const std::int64_t> times,
                             std::span<const double> values) {
  while (!times.empty()) {
    std::size_t taken = store_.append_following(id, times, values);
    stats_.samples += taken;
    if (taken == 0) {
      take_sample(id, from_ms(times.front()), values.front());
      taken = 1;
    }
    times = times.subspan(taken);
    values = values.subspan(taken);
  }
}

void RunImport::take_sample(SeriesId id, Timestamp at, double value) {
  if (store_.has_later(id, at)) {
    late_[id].emplace_back(at, value);
  } else {
    ++(store_.append(id, at, value) ? stats_.samples : stats_.refused);
  }
}

/// Puts the samples that came after younger ones where they belong.
void RunImport::insert_late() {
  for (auto& [id, samples] : late_) {
    const std::size_t all = samples.size();
    const std::size_t refused = store_.insert(id, std::move(samples));
    stats_.refused += refused;
    stats_.samples += all - refused;
  }
  late_.clear();
}

Result<ImportStats> RunImport::finish() {
  const Result<void> finished = parser_.finish();
  if (finished.has_error()) return positioned(finished.error());
  insert_late();
  stats_.series = heads_.size();
  return stats_;
}

Error RunImport::positioned(Error error) const {
  error.pos.file = name_;
  return error;
}

}  // namespace tocsin::metrics
