#include "harness/metrics/scrape_parser.h"

#include <deque>
#include <vector>

#include "harness/metrics/line_parser.h"
#include "harness/metrics/number.h"

namespace tocsin::metrics {
namespace {

constexpr SeriesId kComment{UINT32_MAX};
constexpr std::string_view kExported = "exported_";

bool names(std::span<const LabelView> labels, std::string_view name) {
  for (const LabelView& label : labels) {
    if (label.name == name) return true;
  }
  return false;
}

}  // namespace

Labels ScrapeParser::series_labels(const ParsedSample& sample, const Labels& target,
                                   LabelConflict conflict) {
  std::vector<LabelView> labels(sample.labels.begin(), sample.labels.end());
  std::deque<std::string> renamed;
  for (const LabelView set : target) {
    if (conflict == LabelConflict::kHonorExposed) {
      if (!names(sample.labels, set.name)) labels.push_back(set);
      continue;
    }
    for (LabelView& label : labels) {
      if (label.name != set.name || label.value.empty()) continue;
      std::string& name = renamed.emplace_back(kExported);
      name += set.name;
      while (names(labels, name) || target.has(name)) name.insert(0, kExported);
      label.name = name;
      break;
    }
    labels.push_back(set);
  }
  labels.push_back({kMetricName, sample.name});
  return Labels::from(std::move(labels));
}

/// One page's reading.
class ScrapeParser::Reading {
 public:
  Reading(ScrapeParser& owner, ScrapeWriter& writer)
      : owner_(owner),
        lines_(owner.lines_),
        writer_(writer),
        parser_(owner.format_, owner.options_.limits) {}

  Result<ScrapedPage> read(std::string_view page) {
    lines_.start_round();
    while (!page.empty()) {
      std::size_t used = known_line(page);
      if (used == 0) used = any_line(page);
      if (used == 0) return parser_.error();
      page.remove_prefix(used);
    }
    const Result<void> finished = parser_.finish();
    if (finished.has_error()) return finished.error();
    return page_;
  }

 private:
  /// Bytes of the line if it is the expected one, and a sample has a plain value and nothing
  /// behind it; else 0.
  std::size_t known_line(std::string_view page) {
    const LineCache::Entry entry = lines_.guess(page);
    if (entry == LineCache::kNone || ended_ || parser_.full()) return 0;
    const std::string_view head = lines_.text(entry);
    if (lines_.id(entry) == kComment) {
      parser_.count_known_line();
      lines_.advance(entry);
      return head.size();
    }
    const char* const end = page.data() + page.size();
    const char* const blank = page.data() + head.size();
    if (blank == end || *blank != ' ') return 0;
    double value = 0;
    const char* const line_break = parse_decimal(blank + 1, end, value);
    if (!line_break || line_break == end || *line_break != '\n') return 0;
    if (!parser_.fits(static_cast<std::size_t>(line_break - page.data()))) return 0;
    parser_.count_known_sample();
    take(entry, value, std::nullopt);
    return static_cast<std::size_t>(line_break + 1 - page.data());
  }

  /// Bytes of the line, 0 on error.
  std::size_t any_line(std::string_view page) {
    const std::size_t line_break = page.find('\n');
    const std::string_view line = page.substr(0, line_break);
    const std::size_t bytes = line_break == std::string_view::npos ? page.size() : line_break + 1;
    const bool may_be_known = !ended_ && parser_.fits(line.size());
    if (may_be_known && line.starts_with('#')) {
      const LineCache::Entry entry = lines_.find(page.substr(0, bytes));
      if (entry != LineCache::kNone) {
        parser_.count_known_line();
        lines_.advance(entry);
        return bytes;
      }
    } else if (may_be_known) {
      const LineCache::Entry entry = lines_.find(line.substr(0, series_bytes(line)));
      if (entry != LineCache::kNone) {
        if (parser_.next_known(line, lines_.text(entry).size()) != LineParser::Line::kSample)
          return 0;
        take(entry, parser_.sample().value, parser_.sample().at);
        return bytes;
      }
    }
    return new_line(page.substr(0, bytes), line) ? bytes : 0;
  }

  bool new_line(std::string_view with_break, std::string_view line) {
    using Line = LineParser::Line;
    const Line kind = parser_.next(line);
    switch (kind) {
      case Line::kError:
        return false;
      case Line::kEof:
        ended_ = true;
        return true;
      case Line::kNothing:
        return true;
      case Line::kSample: {
        const ParsedSample& sample = parser_.sample();
        const Labels labels =
            series_labels(sample, owner_.options_.target, owner_.options_.conflict);
        const LineCache::Entry entry =
            lines_.add(line.substr(0, parser_.head_bytes()), owner_.store_->intern(labels));
        take(entry, sample.value, sample.at);
        return true;
      }
      case Line::kType:
      case Line::kHelp:
      case Line::kUnit:
        learn_family(kind);
        if (with_break.size() > line.size()) lines_.advance(lines_.add(with_break, kComment));
        return true;
    }
    return true;
  }

  void learn_family(LineParser::Line kind) {
    FamilyInfo info;
    if (const FamilyInfo* known = owner_.store_->family(parser_.family())) info = *known;
    info.name = parser_.family();
    if (kind == LineParser::Line::kType) info.type = parser_.type();
    if (kind == LineParser::Line::kHelp) info.help = parser_.text();
    if (kind == LineParser::Line::kUnit) info.unit = parser_.text();
    owner_.store_->set_family(std::move(info));
  }

  void take(LineCache::Entry entry, double value, std::optional<Timestamp> at) {
    ++page_.samples;
    if (!lines_.used_lately(entry)) ++page_.new_series;
    lines_.advance(entry);
    if (at && owner_.options_.timestamps == PageTimestamps::kHonor) {
      writer_.add_at(lines_.id(entry), *at, value);
    } else {
      writer_.add(lines_.id(entry), value);
    }
  }

  ScrapeParser& owner_;
  LineCache& lines_;
  ScrapeWriter& writer_;
  LineParser parser_;
  ScrapedPage page_;
  bool ended_ = false;
};

ScrapeParser::ScrapeParser(Store& store, ScrapeOptions options)
    : store_(&store), options_(std::move(options)) {}

Result<ScrapedPage> ScrapeParser::parse(std::string_view page, ExpositionFormat format,
                                        ScrapeWriter& writer) {
  if (format != format_) lines_.clear();
  format_ = format;
  return Reading(*this, writer).read(page);
}

}  // namespace tocsin::metrics
