#include "harness/metrics/exposition.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <unordered_map>

#include "harness/metrics/line_parser.h"

namespace tocsin::metrics {
namespace {

constexpr std::string_view kOpenMetricsMediaType = "application/openmetrics-text";

std::string lower_and_trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

/// Calls use(part) for the parts between separators.
template <class Use>
void split(std::string_view text, char separator, Use use) {
  while (true) {
    const std::size_t end = text.find(separator);
    use(text.substr(0, end));
    if (end == std::string_view::npos) return;
    text.remove_prefix(end + 1);
  }
}

struct MediaRange {
  std::string type;
  double q = 1;
};

MediaRange media_range(std::string_view text) {
  MediaRange range;
  split(text, ';', [&](std::string_view part) {
    const std::string parameter = lower_and_trimmed(part);
    if (range.type.empty()) {
      range.type = parameter;
    } else if (parameter.starts_with("q=")) {
      const char* const end = parameter.data() + parameter.size();
      if (std::from_chars(parameter.data() + 2, end, range.q).ec != std::errc()) range.q = 0;
    }
  });
  return range;
}

constexpr std::array<std::string_view, 8> kSuffixes = {"_bucket",  "_count", "_sum",    "_total",
                                                       "_created", "_info",  "_gcount", "_gsum"};

/// Suffixes of the samples of a type; "" stands for the bare name.
std::span<const std::string_view> suffixes_of(MetricType type, ExpositionFormat format) {
  static constexpr std::array<std::string_view, 1> kBare = {""};
  static constexpr std::array<std::string_view, 2> kCounter = {"_total", "_created"};
  static constexpr std::array<std::string_view, 4> kHistogram = {"_bucket", "_count", "_sum",
                                                                 "_created"};
  static constexpr std::array<std::string_view, 4> kSummary = {"", "_count", "_sum", "_created"};
  static constexpr std::array<std::string_view, 1> kInfo = {"_info"};
  static constexpr std::array<std::string_view, 3> kGaugeHistogram = {"_bucket", "_gcount",
                                                                      "_gsum"};
  const bool openmetrics = format == ExpositionFormat::kOpenMetrics;
  switch (type) {
    case MetricType::kCounter:
      return openmetrics ? std::span<const std::string_view>(kCounter) : kBare;
    case MetricType::kHistogram:
      return std::span(kHistogram).first(openmetrics ? 4 : 3);
    case MetricType::kSummary:
      return std::span(kSummary).first(openmetrics ? 4 : 3);
    case MetricType::kInfo:
      return kInfo;
    case MetricType::kGaugeHistogram:
      return kGaugeHistogram;
    case MetricType::kUnknown:
    case MetricType::kGauge:
    case MetricType::kStateSet:
      return kBare;
  }
  return kBare;
}

class FamilyCollector final : public ExpositionHandler {
 public:
  explicit FamilyCollector(ExpositionFormat format) : format_(format) {}

  void on_type(std::string_view family, MetricType type) override { at(family).info.type = type; }
  void on_help(std::string_view family, std::string_view help) override {
    at(family).info.help = help;
  }
  void on_unit(std::string_view family, std::string_view unit) override {
    at(family).info.unit = unit;
  }
  void on_sample(const ParsedSample& parsed) override {
    labels_.assign(parsed.labels.begin(), parsed.labels.end());
    labels_.push_back({kMetricName, parsed.name});
    ExpositionSample sample{Labels::from(labels_), parsed.value, parsed.at};
    if (parsed.exemplar) sample.exemplar = *parsed.exemplar;
    family_for(parsed.name).samples.push_back(std::move(sample));
  }

  std::vector<FamilySamples> take() { return std::move(families_); }

 private:
  FamilySamples& at(std::string_view name) {
    const auto [place, added] = by_name_.try_emplace(std::string(name), families_.size());
    if (added) families_.emplace_back().info.name = name;
    current_ = place->second;
    return families_[current_];
  }

  bool owns(const FamilySamples& family, std::string_view sample) const {
    return family_of_sample(sample, family.info.type, format_) == family.info.name;
  }

  FamilySamples& family_for(std::string_view sample) {
    if (current_ < families_.size() && owns(families_[current_], sample))
      return families_[current_];
    for (const std::string_view suffix : kSuffixes) {
      if (!sample.ends_with(suffix)) continue;
      const auto found =
          by_name_.find(std::string(sample.substr(0, sample.size() - suffix.size())));
      if (found == by_name_.end() || !owns(families_[found->second], sample)) continue;
      current_ = found->second;
      return families_[current_];
    }
    return at(sample);
  }

  ExpositionFormat format_;
  std::vector<LabelView> labels_;  ///< of the sample at hand
  std::vector<FamilySamples> families_;
  std::unordered_map<std::string, std::size_t> by_name_;
  std::size_t current_ = 0;
};

}  // namespace

ExpositionFormat format_of_content_type(std::string_view content_type) {
  return media_range(content_type).type == kOpenMetricsMediaType ? ExpositionFormat::kOpenMetrics
                                                                 : ExpositionFormat::kText;
}

ExpositionFormat format_for_accept(std::string_view accept) {
  double openmetrics = 0;
  double text = 0;
  split(accept, ',', [&](std::string_view part) {
    const MediaRange range = media_range(part);
    if (range.type == kOpenMetricsMediaType) openmetrics = std::max(openmetrics, range.q);
    if (range.type == "text/plain" || range.type == "text/*" || range.type == "*/*")
      text = std::max(text, range.q);
  });
  return openmetrics > 0 && openmetrics >= text ? ExpositionFormat::kOpenMetrics
                                                : ExpositionFormat::kText;
}

std::string_view content_type(ExpositionFormat format) {
  return format == ExpositionFormat::kOpenMetrics
             ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
             : "text/plain; version=0.0.4; charset=utf-8";
}

std::string_view accept_header() {
  return "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
}

std::optional<std::string_view> family_of_sample(std::string_view sample_name, MetricType type,
                                                 ExpositionFormat format) {
  std::optional<std::string_view> bare;
  for (const std::string_view suffix : suffixes_of(type, format)) {
    if (suffix.empty()) {
      bare = sample_name;
    } else if (sample_name.size() > suffix.size() && sample_name.ends_with(suffix)) {
      return sample_name.substr(0, sample_name.size() - suffix.size());
    }
  }
  return bare;
}

Result<void> parse_exposition(std::string_view page, ExpositionFormat format,
                              ExpositionHandler& handler, const ExpositionLimits& limits) {
  using Line = LineParser::Line;
  LineParser parser(format, limits);
  bool good = true;
  for_each_line(page, [&](std::string_view line) {
    switch (parser.next(line)) {
      case Line::kSample:
        handler.on_sample(parser.sample());
        break;
      case Line::kType:
        handler.on_type(parser.family(), parser.type());
        break;
      case Line::kHelp:
        handler.on_help(parser.family(), parser.text());
        break;
      case Line::kUnit:
        handler.on_unit(parser.family(), parser.text());
        break;
      case Line::kError:
        good = false;
        break;
      case Line::kNothing:
      case Line::kEof:
        break;
    }
    return good;
  });
  if (!good) return parser.error();
  return parser.finish();
}

Result<std::vector<FamilySamples>> parse_families(std::string_view page, ExpositionFormat format,
                                                  const ExpositionLimits& limits) {
  FamilyCollector collector(format);
  const Result<void> parsed = parse_exposition(page, format, collector, limits);
  if (parsed.has_error()) return parsed.error();
  return collector.take();
}

}  // namespace tocsin::metrics
