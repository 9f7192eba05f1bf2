#include "harness/metrics/exposition.h"

#include <cmath>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "harness/base/file.h"
#include "harness/metrics/exposition_writer.h"
#include "harness/metrics/line_parser.h"

namespace tocsin::metrics {
namespace {

const std::string kTestdata = TOCSIN_SOURCE_DIR "/harness/metrics/testdata/";

struct Case {
  int line = 0;
  std::string name;
  ExpositionFormat format = ExpositionFormat::kText;
  std::string page;
  std::string expected;
};

/// \r, \t, \xNN and \\ in the cases.
std::string expand(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      result += text[i];
      continue;
    }
    const char c = text.at(++i);
    if (c == 'x') {
      result += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    } else {
      result += c == 'r' ? '\r' : c == 't' ? '\t' : c;
    }
  }
  return result;
}

std::vector<Case> read_cases() {
  std::vector<Case> cases;
  bool in_page = false;
  int number = 0;
  const std::string file = read_file(kTestdata + "exposition.cases").value();
  for_each_line(file, [&](std::string_view line) {
    ++number;
    if (line.starts_with("=== ")) {
      const std::size_t colon = line.find(": ");
      const std::string_view format = line.substr(4, colon - 4);
      EXPECT_TRUE(format == "text" || format == "openmetrics") << line;
      Case& added = cases.emplace_back();
      added.line = number;
      added.name = line.substr(4);
      if (format == "openmetrics") added.format = ExpositionFormat::kOpenMetrics;
      in_page = true;
    } else if (line == "---") {
      in_page = false;
    } else if (!cases.empty()) {
      (in_page ? cases.back().page : cases.back().expected) += expand(line) + '\n';
    }
    return true;
  });
  for (Case& c : cases) {
    while (c.expected.ends_with('\n')) c.expected.pop_back();
  }
  return cases;
}

std::string describe(const Result<std::vector<FamilySamples>>& parsed) {
  if (parsed.has_error()) return "error " + to_string(parsed.error());
  std::string text;
  const auto at = [](const std::optional<Timestamp>& time) {
    return time ? " @" + std::to_string(to_ms(*time)) : std::string();
  };
  for (const FamilySamples& family : *parsed) {
    text += "family " + family.info.name + ' ' + std::string(to_string(family.info.type));
    if (!family.info.unit.empty()) text += " unit " + family.info.unit;
    text += ' ' + quote_label_value(family.info.help) + '\n';
    for (const ExpositionSample& sample : family.samples) {
      text += "  " + sample.labels.to_string() + ' ' + format_value(sample.value) + at(sample.at);
      if (sample.exemplar) {
        text += " # " + sample.exemplar->labels.to_string() + ' ' +
                format_value(sample.exemplar->value) + at(sample.exemplar->at);
      }
      text += '\n';
    }
  }
  if (!text.empty()) text.pop_back();
  return text;
}

TEST(Exposition, Cases) {
  const std::vector<Case> cases = read_cases();
  ASSERT_GT(cases.size(), 50u);
  for (const Case& c : cases) {
    EXPECT_EQ(describe(parse_families(c.page, c.format)), c.expected)
        << "exposition.cases:" << c.line << ": " << c.name;
  }
}

/// Pages that are good: written again and read again, they say the same.
TEST(Exposition, WritesWhatItRead) {
  for (const Case& c : read_cases()) {
    const auto parsed = parse_families(c.page, c.format);
    if (parsed.has_error() || c.name == "text: values") continue;
    const std::string written = write_exposition(*parsed, c.format);
    EXPECT_EQ(describe(parse_families(written, c.format)), describe(parsed)) << c.name << written;
  }
}

/// But for empty labels, which are the same as none.
std::string without_empty_labels(std::string page) {
  for (std::size_t end = page.find("=\"\""); end != std::string::npos; end = page.find("=\"\"")) {
    const std::size_t begin = page.find_last_of("{,", end);
    const bool first = page[begin] == '{';
    page.erase(first ? begin + 1 : begin, end + 3 - begin);
  }
  return page;
}

TEST(Exposition, WritesTheCapturedPageByteForByte) {
  const std::string page = read_file(kTestdata + "node_exporter.txt").value();
  const auto families = parse_families(page, ExpositionFormat::kText).value();
  EXPECT_TRUE(write_exposition(families, ExpositionFormat::kText) == without_empty_labels(page));
}

TEST(Exposition, LastLineNeedsNoBreak) {
  EXPECT_EQ(describe(parse_families("a 1", ExpositionFormat::kText)),
            "family a unknown \"\"\n  a 1");
  EXPECT_EQ(describe(parse_families("# EOF", ExpositionFormat::kOpenMetrics)), "");
}

TEST(Exposition, KeepsToItsLimits) {
  const auto error = [](const std::string& page, ExpositionLimits limits) {
    const auto parsed = parse_families(page, ExpositionFormat::kText, limits);
    EXPECT_EQ(parsed.error().kind, ErrorKind::kLimit);
    return to_string(parsed.error());
  };
  EXPECT_EQ(error("a 1\nb 2\nc 3\n", {.samples = 2}), "3: more than 2 samples in one page");
  EXPECT_EQ(error("a{b=\"c\",d=\"e\"} 1\n", {.labels = 1}), "1:9: more than 1 labels");
  EXPECT_EQ(error("abc 1234567\n", {.line_bytes = 10}), "1:1: the line is longer than 10 bytes");
}

TEST(Exposition, ErrorsShowTheLine) {
  const auto parsed = parse_families("a 1\nb{c=\"größe\"} 1x\n", ExpositionFormat::kText);
  EXPECT_EQ(render(parsed.error()),
            "2:14: error: expected a number as value, got \"1x\"\n"
            "    b{c=\"größe\"} 1x\n"
            "                 ^~\n");
}

/// Damaged pages may be good or bad, but never more than that.
TEST(Exposition, SurvivesDamage) {
  std::mt19937 random(1);
  for (const Case& c : read_cases()) {
    for (int round = 0; round < 40; ++round) {
      std::string page = c.page;
      for (int hit = 0; hit < 3 && !page.empty(); ++hit) {
        const std::size_t at = random() % page.size();
        switch (random() % 3) {
          case 0:
            page[at] = static_cast<char>(random());
            break;
          case 1:
            page.erase(at, random() % 5);
            break;
          default:
            page.insert(at, 1, "\"\\{}#= \n,"[random() % 9]);
        }
      }
      const auto parsed = parse_families(page, c.format);
      if (parsed.has_error()) {
        EXPECT_FALSE(parsed.error().message.empty());
      }
    }
  }
}

TEST(Exposition, NegotiatesTheFormat) {
  using enum ExpositionFormat;
  EXPECT_EQ(format_of_content_type("text/plain; version=0.0.4; charset=utf-8"), kText);
  EXPECT_EQ(format_of_content_type("application/openmetrics-text; version=1.0.0"), kOpenMetrics);
  EXPECT_EQ(format_of_content_type(" Application/OpenMetrics-Text"), kOpenMetrics);
  EXPECT_EQ(format_of_content_type(""), kText);
  EXPECT_EQ(format_of_content_type("application/json"), kText);
  EXPECT_EQ(format_for_accept(accept_header()), kOpenMetrics);
  EXPECT_EQ(format_for_accept("text/plain, application/openmetrics-text;version=1.0.0;q=0.5"),
            kText);
  EXPECT_EQ(format_for_accept("application/openmetrics-text;q=0"), kText);
  EXPECT_EQ(format_for_accept("application/openmetrics-text;q=x"), kText);
  EXPECT_EQ(format_for_accept("*/*"), kText);
  EXPECT_EQ(format_for_accept(""), kText);
  EXPECT_EQ(format_of_content_type(content_type(kOpenMetrics)), kOpenMetrics);
  EXPECT_EQ(format_of_content_type(content_type(kText)), kText);
}

}  // namespace
}  // namespace tocsin::metrics
