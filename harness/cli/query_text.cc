#include "harness/cli/query_text.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <set>
#include <vector>

#include <fmt/format.h>

#include "harness/base/utf8.h"
#include "harness/promql/literals.h"
#include "harness/promql/native_histogram_text.h"

namespace tocsin::cli {
namespace {

std::string sample_text(double value, const NativeHistogram* histogram) {
  return histogram != nullptr ? promql::to_string(*histogram) : promql::format_general(value);
}

const NativeHistogram* histogram_at(const promql::Column& column, std::size_t i) {
  return column.histograms.empty() ? nullptr : column.histograms[i].get();
}

std::string filled_up(const std::string& text, std::size_t width) {
  const std::size_t length = utf8_length(text);
  return length >= width ? text : text + std::string(width - length, ' ');
}

/// Rows of cells; the last column is not padded.
std::string aligned(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()), 0);
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], utf8_length(row[i]));
    }
  }
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const bool last = i + 1 == row.size();
      line += last ? row[i] : filled_up(row[i], widths[i] + 2);
    }
    out += line + '\n';
  }
  return out;
}

std::string vector_table(const promql::QueryResult& result) {
  std::set<std::string> names;
  for (const promql::Column& column : result.columns) {
    for (const LabelView label : column.labels) names.emplace(label.name);
  }
  // The metric first, as a name without quotes has it.
  const bool has_metric = names.erase(std::string(kMetricName)) > 0;
  std::vector<std::string> keys(names.begin(), names.end());
  std::vector<std::vector<std::string>> rows(1);
  if (has_metric) rows[0].emplace_back("metric");
  for (const std::string& key : keys) rows[0].push_back(printable(key));
  rows[0].emplace_back("value");
  for (const promql::Column& column : result.columns) {
    std::vector<std::string>& row = rows.emplace_back();
    if (has_metric) row.push_back(printable(column.labels.metric_name()));
    for (const std::string& key : keys) row.push_back(printable(column.labels.get(key)));
    row.push_back(sample_text(column.values[0], histogram_at(column, 0)));
  }
  return aligned(rows);
}

std::string matrix_text(const promql::QueryResult& result) {
  std::string out;
  for (const SeriesView& view : result.matrix) {
    out += printable(view.labels.to_string()) + '\n';
    std::vector<std::vector<std::string>> rows;
    for (std::size_t i = 0; i < view.timestamps.size(); ++i) {
      const NativeHistogram* histogram =
          view.histograms.empty() ? nullptr : view.histograms[i].get();
      rows.push_back({"  " + format_rfc3339(from_ms(view.timestamps[i])),
                      sample_text(view.values[i], histogram)});
    }
    out += aligned(rows);
  }
  return out;
}

/// Four digits are enough to read.
std::string short_number(double value) {
  return fmt::format("{:.4g}", value);
}

/// What a series' line says beside the plot.
struct SeriesFigures {
  double least = std::numeric_limits<double>::infinity();
  double largest = -std::numeric_limits<double>::infinity();
  std::string last;

  explicit SeriesFigures(const promql::Column& column) {
    column.present.for_each([&](std::size_t i) {
      const NativeHistogram* histogram = histogram_at(column, i);
      last = histogram != nullptr ? promql::to_string(*histogram) : short_number(column.values[i]);
      if (histogram != nullptr || std::isnan(column.values[i])) return;
      least = std::min(least, column.values[i]);
      largest = std::max(largest, column.values[i]);
    });
  }
  bool any() const { return least <= largest; }
};

/// One of eight blocks for a value of a series.
std::string_view block(double value, const SeriesFigures& figures) {
  static constexpr std::array<std::string_view, 8> kBlocks = {"▁", "▂", "▃", "▄",
                                                              "▅", "▆", "▇", "█"};
  // Halves, so that the distance between the largest doubles is finite.
  const double range = figures.largest / 2 - figures.least / 2;
  if (std::isinf(value)) return value > 0 ? kBlocks.back() : kBlocks.front();
  if (!(range > 0) || std::isinf(range)) return kBlocks[3];
  const double share = (value / 2 - figures.least / 2) / range;
  return kBlocks[static_cast<std::size_t>(std::clamp(share * 8, 0.0, 7.0))];
}

std::string sparkline(const promql::Column& column, const SeriesFigures& figures,
                      std::size_t width) {
  const std::size_t steps = column.present.size();
  const std::size_t cells = std::min(width, steps);
  std::string line;
  for (std::size_t cell = 0; cell < cells; ++cell) {
    bool any = false;
    double largest = 0;
    for (std::size_t i = cell * steps / cells; i < (cell + 1) * steps / cells; ++i) {
      const bool shown =
          column.present[i] && histogram_at(column, i) == nullptr && !std::isnan(column.values[i]);
      if (!shown) continue;
      largest = any ? std::max(largest, column.values[i]) : column.values[i];
      any = true;
    }
    line += any ? block(largest, figures) : " ";
  }
  return line;
}

}  // namespace

std::string instant_text(const promql::QueryResult& result) {
  switch (result.type) {
    case promql::ValueType::kScalar:
      return promql::format_general(result.columns.at(0).values.at(0)) + '\n';
    case promql::ValueType::kString:
      return printable(result.text) + '\n';
    case promql::ValueType::kMatrix:
      return matrix_text(result);
    default:
      return result.columns.empty() ? std::string() : vector_table(result);
  }
}

std::string range_text(const promql::QueryResult& result, const PlotOptions& options) {
  if (result.columns.empty()) return {};
  constexpr std::size_t kNarrowest = 10;
  std::vector<std::vector<std::string>> rows;
  rows.push_back({"series", "", "min", "max", "last"});
  for (const promql::Column& column : result.columns) {
    const SeriesFigures figures(column);
    rows.push_back({printable(column.labels.to_string()), "",
                    figures.any() ? short_number(figures.least) : "-",
                    figures.any() ? short_number(figures.largest) : "-", figures.last});
  }
  std::size_t others = 8;  // blanks between the columns
  for (const std::size_t i : {0, 2, 3, 4}) {
    std::size_t widest = 0;
    for (const auto& row : rows) widest = std::max(widest, utf8_length(row[i]));
    others += widest;
  }
  const std::size_t width =
      options.width > others + kNarrowest ? options.width - others : kNarrowest;
  for (std::size_t i = 0; i < result.columns.size(); ++i) {
    const promql::Column& column = result.columns[i];
    rows[i + 1][1] = sparkline(column, SeriesFigures(column), width);
  }
  std::string text = aligned(rows);
  if (!options.colour) return text;
  std::string coloured;
  for (const std::string_view character : utf8_characters(text)) {
    const bool is_block = character.starts_with("\xE2\x96");
    coloured += is_block ? "\x1b[36m" + std::string(character) + "\x1b[0m" : std::string(character);
  }
  return coloured;
}

}  // namespace tocsin::cli
