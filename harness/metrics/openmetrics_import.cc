#include <cerrno>
#include <cstdio>
#include <cstring>
#include <map>
#include <optional>
#include <vector>

#include "harness/metrics/gzip.h"
#include "harness/metrics/line_cache.h"
#include "harness/metrics/line_parser.h"
#include "harness/metrics/number.h"
#include "harness/metrics/openmetrics_file.h"

namespace tocsin::metrics {
namespace {

constexpr std::size_t kReadBytes = 256 * 1024;

}  // namespace

struct OpenMetricsImporter::Impl {
  Impl(Store& into, std::string file) : store(into), name(std::move(file)) {}

  /// Whole lines, each with its break.
  bool lines(std::string_view text) {
    while (!text.empty()) {
      std::size_t used = known_line(text);
      if (used == 0) {
        used = text.find('\n') + 1;
        if (!any_line(text.substr(0, used - 1))) return false;
      }
      text.remove_prefix(used);
    }
    return true;
  }

  /// Bytes of the line when it is "series value timestamp" of the expected series, written plainly;
  /// else 0.
  std::size_t known_line(std::string_view text) {
    const LineCache::Entry entry = heads.guess(text);
    if (entry == LineCache::kNone || ended) return 0;
    const char* const end = text.data() + text.size();
    const char* at = text.data() + heads.text(entry).size();
    double value = 0;
    if (at == end || *at != ' ' || !(at = parse_decimal(at + 1, end, value))) return 0;
    double seconds = 0;
    if (at == end || *at != ' ' || !(at = parse_decimal(at + 1, end, seconds))) return 0;
    if (at == end || *at != '\n') return 0;
    if (!parser.fits(static_cast<std::size_t>(at - text.data()))) return 0;
    const std::optional<Timestamp> when = openmetrics_timestamp(seconds);
    if (!when) return 0;
    parser.count_known_sample();
    take(entry, *when, value);
    return static_cast<std::size_t>(at + 1 - text.data());
  }

  bool any_line(std::string_view line) {
    using Line = LineParser::Line;
    const bool may_be_known = !line.starts_with('#') && !ended && parser.fits(line.size());
    const std::size_t head = may_be_known ? series_bytes(line) : 0;
    LineCache::Entry entry = head > 0 ? heads.find(line.substr(0, head)) : LineCache::kNone;
    const Line kind = entry == LineCache::kNone ? parser.next(line) : parser.next_known(line, head);
    switch (kind) {
      case Line::kError:
        error = parser.error();
        return false;
      case Line::kEof:
        ended = true;
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
    const ParsedSample& sample = parser.sample();
    if (!sample.at) {
      error = input_error({"", sample.line, static_cast<int>(line.size()) + 1},
                          "expected a timestamp: a file of samples gives each its time");
      error->excerpt = line;
      return false;
    }
    if (entry == LineCache::kNone) entry = add_series(line, sample);
    take(entry, *sample.at, sample.value_text == "nan" ? stale_marker() : sample.value);
    return true;
  }

  LineCache::Entry add_series(std::string_view line, const ParsedSample& sample) {
    std::vector<LabelView> labels(sample.labels.begin(), sample.labels.end());
    labels.push_back({kMetricName, sample.name});
    const SeriesId id = store.intern(Labels::from(std::move(labels)));
    return heads.add(line.substr(0, parser.head_bytes()), id);
  }

  void learn_family(LineParser::Line kind) {
    if (family.name != parser.family()) family = {std::string(parser.family()), {}, {}, {}};
    if (kind == LineParser::Line::kType) family.type = parser.type();
    if (kind == LineParser::Line::kHelp) family.help = parser.text();
    if (kind == LineParser::Line::kUnit) family.unit = parser.text();
    store.set_family(family);
  }

  void take(LineCache::Entry entry, Timestamp at, double value) {
    heads.advance(entry);
    const SeriesId id = heads.id(entry);
    if (store.has_later(id, at)) {
      late[id].emplace_back(at, value);
    } else {
      ++(store.append(id, at, value) ? stats.samples : stats.refused);
    }
  }

  /// Puts the samples that came after younger ones where they belong.
  void insert_late() {
    for (auto& [id, samples] : late) {
      const std::size_t all = samples.size();
      const std::size_t refused = store.insert(id, std::move(samples));
      stats.refused += refused;
      stats.samples += all - refused;
    }
    late.clear();
  }

  Store& store;
  std::string name;
  LineParser parser{ExpositionFormat::kOpenMetrics, ExpositionLimits{}};
  LineCache heads;
  std::string partial;  ///< the beginning of a line whose end has not come
  std::map<SeriesId, std::vector<std::pair<Timestamp, double>>> late;
  FamilyInfo family;
  bool ended = false;
  std::optional<Error> error;
  ImportStats stats;
};

OpenMetricsImporter::OpenMetricsImporter(Store& store, std::string name)
    : impl_(std::make_unique<Impl>(store, std::move(name))) {}
OpenMetricsImporter::~OpenMetricsImporter() = default;

Result<void> OpenMetricsImporter::feed(std::string_view bytes) {
  const auto failed = [&] {
    impl_->error->pos.file = impl_->name;
    return *impl_->error;
  };
  if (impl_->error) return failed();
  std::string& partial = impl_->partial;
  if (!partial.empty()) {
    const std::size_t line_break = bytes.find('\n');
    const std::size_t rest = line_break == std::string_view::npos ? bytes.size() : line_break + 1;
    partial += bytes.substr(0, rest);
    bytes.remove_prefix(rest);
    const bool whole = line_break != std::string_view::npos;
    const bool too_long = partial.size() > ExpositionLimits{}.line_bytes;
    if (whole || too_long) {
      if (!whole) partial += '\n';  // refused for its length
      if (!impl_->lines(partial)) return failed();
      partial.clear();
    }
  }
  const std::size_t whole = bytes.rfind('\n') + 1;  // 0 when there is none
  if (!impl_->lines(bytes.substr(0, whole))) return failed();
  partial += bytes.substr(whole);
  return {};
}

Result<ImportStats> OpenMetricsImporter::finish() {
  if (!impl_->partial.empty()) {
    const Result<void> fed = feed("\n");
    if (fed.has_error()) return fed.error();
  }
  const Result<void> finished = impl_->parser.finish();
  if (finished.has_error()) {
    Error error = finished.error();
    error.pos.file = impl_->name;
    return error;
  }
  impl_->insert_late();
  impl_->stats.series = impl_->heads.size();
  return impl_->stats;
}

Result<ImportStats> import_openmetrics(const std::string& path, Store& store) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rbe"),
                                                             &std::fclose);
  const auto trouble = [&](std::string_view doing) {
    return io_error(std::string(doing) + " " + path + ": " + std::strerror(errno));
  };
  if (!file) return trouble("cannot open");
  const auto in_this_file = [&](Result<void> result) {
    if (result.has_error()) result.error().pos.file = path;
    return result;
  };
  OpenMetricsImporter importer(store, path);
  const auto feed = [&](std::string_view piece) { return importer.feed(piece); };
  std::optional<GzipReader> gzip;
  std::vector<char> buffer(kReadBytes);
  bool first = true;
  while (const std::size_t got = std::fread(buffer.data(), 1, buffer.size(), file.get())) {
    const std::string_view piece(buffer.data(), got);
    if (first && looks_like_gzip(piece)) gzip.emplace();
    first = false;
    TRY_VOID(gzip ? in_this_file(gzip->feed(piece, feed)) : feed(piece));
  }
  if (std::ferror(file.get())) return trouble("cannot read");
  if (gzip) TRY_VOID(in_this_file(gzip->finish()));
  return importer.finish();
}

}  // namespace tocsin::metrics
