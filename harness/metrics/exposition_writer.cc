#include "harness/metrics/exposition_writer.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <vector>

namespace tocsin::metrics {
namespace {

constexpr std::string_view kTotal = "_total";

void append_integer(std::string& out, std::uint64_t value) {
  char buffer[20];
  out.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr);
}

/// Backslash escapes for what a quoted string, or a help text, cannot hold as it is.
void append_escaped(std::string& out, std::string_view text, std::string_view special) {
  std::size_t at = text.find_first_of(special);
  while (at != std::string_view::npos) {
    out += text.substr(0, at);
    out += '\\';
    out += text[at] == '\n' ? 'n' : text[at];
    text.remove_prefix(at + 1);
    at = text.find_first_of(special);
  }
  out += text;
}

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  append_escaped(out, text, "\\\"\n");
  out += '"';
}

void append_metric_name(std::string& out, std::string_view name) {
  if (is_legacy_metric_name(name)) {
    out += name;
  } else {
    append_quoted(out, name);
  }
}

/// Labels within braces; `begun` when something stands there already.
void append_labels(std::string& out, const Labels& labels, bool begun) {
  for (const LabelView label : labels) {
    if (label.name == kMetricName) continue;
    if (begun) out += ',';
    begun = true;
    if (is_legacy_label_name(label.name)) {
      out += label.name;
    } else {
      append_quoted(out, label.name);
    }
    out += '=';
    append_quoted(out, label.value);
  }
}

/// Where a sample stands in a page of the format.
struct Block {
  std::string name;
  MetricType type;
  std::vector<const ExpositionSample*> samples;
};

std::string_view without_total(std::string_view name) {
  return name.ends_with(kTotal) ? name.substr(0, name.size() - kTotal.size()) : name;
}

bool is_total_of(std::string_view sample, std::string_view base) {
  return sample.size() == base.size() + kTotal.size() && sample.starts_with(base) &&
         sample.ends_with(kTotal);
}

Block text_block(std::string_view sample, const FamilyInfo& family) {
  switch (family.type) {
    case MetricType::kCounter:
      if (sample == family.name || is_total_of(sample, without_total(family.name)))
        return {std::string(sample), MetricType::kCounter, {}};
      break;
    case MetricType::kInfo:
    case MetricType::kStateSet:
    case MetricType::kGaugeHistogram:
      return {std::string(sample), MetricType::kGauge, {}};
    default:
      if (family_of_sample(sample, family.type, ExpositionFormat::kText) == family.name)
        return {family.name, family.type, {}};
  }
  const bool created = sample.ends_with("_created");
  return {std::string(sample), created ? MetricType::kGauge : MetricType::kUnknown, {}};
}

Block openmetrics_block(std::string_view sample, const FamilyInfo& family) {
  const std::string_view name =
      family.type == MetricType::kCounter ? without_total(family.name) : family.name;
  if (family_of_sample(sample, family.type, ExpositionFormat::kOpenMetrics) == name)
    return {std::string(name), family.type, {}};
  // A counter without _total, say: OpenMetrics would have it renamed. The series' name counts more.
  return {std::string(sample), MetricType::kUnknown, {}};
}

std::vector<Block> blocks_of(const FamilySamples& family, ExpositionFormat format) {
  std::vector<Block> blocks;
  std::string_view last_name;
  std::size_t last_block = 0;
  for (const ExpositionSample& sample : family.samples) {
    const std::string_view name = sample.labels.metric_name();
    if (blocks.empty() || name != last_name) {
      Block block = format == ExpositionFormat::kText ? text_block(name, family.info)
                                                      : openmetrics_block(name, family.info);
      const auto same = std::find_if(blocks.begin(), blocks.end(),
                                     [&](const Block& other) { return other.name == block.name; });
      last_block = static_cast<std::size_t>(same - blocks.begin());
      if (same == blocks.end()) blocks.push_back(std::move(block));
      last_name = name;
    }
    blocks[last_block].samples.push_back(&sample);
  }
  if (blocks.empty()) blocks.push_back({family.info.name, family.info.type, {}});
  return blocks;
}

void append_header(std::string& out, const Block& block, const FamilyInfo& info,
                   ExpositionFormat format) {
  const auto line = [&](std::string_view keyword) {
    out += "# ";
    out += keyword;
    out += ' ';
    append_metric_name(out, block.name);
    out += ' ';
  };
  const bool openmetrics = format == ExpositionFormat::kOpenMetrics;
  const auto help = [&] {
    if (info.help.empty()) return;
    line("HELP");
    append_escaped(out, info.help, openmetrics ? "\\\"\n" : "\\\n");
    out += '\n';
  };
  if (!openmetrics) help();
  line("TYPE");
  out += block.type == MetricType::kUnknown && !openmetrics ? "untyped" : to_string(block.type);
  out += '\n';
  if (!openmetrics) return;
  if (!info.unit.empty() && block.name.ends_with('_' + info.unit)) {
    line("UNIT");
    out += info.unit;
    out += '\n';
  }
  help();
}

}  // namespace

void append_series(std::string& out, const Labels& labels) {
  const std::string_view name = labels.metric_name();
  const bool bare = is_legacy_metric_name(name);
  if (bare) out += name;
  if (bare && labels.size() == 1) return;
  out += '{';
  if (!bare) append_quoted(out, name);
  append_labels(out, labels, !bare);
  out += '}';
}

void append_timestamp(std::string& out, Timestamp at, ExpositionFormat format) {
  const std::int64_t ms = to_ms(at);
  if (ms < 0) out += '-';
  const std::uint64_t magnitude =
      ms < 0 ? 0 - static_cast<std::uint64_t>(ms) : static_cast<std::uint64_t>(ms);
  if (format == ExpositionFormat::kText) {
    append_integer(out, magnitude);
    return;
  }
  append_integer(out, magnitude / 1000);
  const auto rest = static_cast<unsigned>(magnitude % 1000);
  if (rest == 0) return;
  out += '.';
  out += static_cast<char>('0' + rest / 100);
  out += static_cast<char>('0' + rest / 10 % 10);
  out += static_cast<char>('0' + rest % 10);
  // Prometheus computes seconds × 1000 in doubles and cuts off what is behind the point: a result
  // just below the millisecond loses it. Half a microsecond more saves it.
  const double seconds = static_cast<double>(magnitude) / 1000;
  if (static_cast<std::uint64_t>(seconds * 1000) != magnitude) out += "0005";
}

void append_sample(std::string& out, const ExpositionSample& sample, ExpositionFormat format) {
  append_series(out, sample.labels);
  out += ' ';
  append_value(out, sample.value);
  if (sample.at) {
    out += ' ';
    append_timestamp(out, *sample.at, format);
  }
  if (sample.exemplar && format == ExpositionFormat::kOpenMetrics) {
    out += " # {";
    append_labels(out, sample.exemplar->labels, false);
    out += "} ";
    append_value(out, sample.exemplar->value);
    if (sample.exemplar->at) {
      out += ' ';
      append_timestamp(out, *sample.exemplar->at, format);
    }
  }
  out += '\n';
}

void append_family_header(std::string& out, const FamilyInfo& family, ExpositionFormat format) {
  append_header(out, {family.name, family.type, {}}, family, format);
}

std::vector<FamilySamples> text_form(std::span<const FamilySamples> families) {
  std::vector<FamilySamples> result;
  for (const FamilySamples& family : families) {
    for (Block& block : blocks_of(family, ExpositionFormat::kText)) {
      FamilySamples& form = result.emplace_back();
      form.info = {std::move(block.name), block.type, family.info.help, {}};
      for (const ExpositionSample* sample : block.samples) form.samples.push_back(*sample);
    }
  }
  return result;
}

std::string write_exposition(std::span<const FamilySamples> families, ExpositionFormat format) {
  std::string page;
  for (const FamilySamples& family : families) {
    for (const Block& block : blocks_of(family, format)) {
      append_header(page, block, family.info, format);
      for (const ExpositionSample* sample : block.samples) append_sample(page, *sample, format);
    }
  }
  if (format == ExpositionFormat::kOpenMetrics) page += "# EOF\n";
  return page;
}

}  // namespace tocsin::metrics
