#include "harness/run/test_drill.h"

#include <gtest/gtest.h>

#include "harness/base/file.h"
#include "harness/base/scratch_folder.h"
#include "harness/base/units.h"
#include "harness/metrics/openmetrics_file.h"
#include "harness/scenario/load.h"

namespace tocsin::run {
namespace {

constexpr const char* kSmall = TOCSIN_SOURCE_DIR "/harness/run/testdata/small/";

Drill load(const std::string& path) {
  Diagnostics diagnostics;
  Drill drill;
  if (auto scenario = scenario::ScenarioLoader().load(path, diagnostics)) {
    drill.scenario = std::move(*scenario);
    drill.rules = RuleLibrary().rules_of(*drill.scenario.system, diagnostics);
    drill.routing = RoutingLibrary().routing_of(*drill.scenario.system, diagnostics);
    if (drill.routing != nullptr) check_routing(drill.scenario, *drill.routing, diagnostics);
  }
  if (!diagnostics.ok()) throw TocsinError(input_error({}, diagnostics.render()));
  return drill;
}

}  // namespace

Drill load_drill(const std::string& path) {
  return load(TOCSIN_SOURCE_DIR "/" + path);
}

Drill small_drill(const std::string& scenario, const Edits& edits) {
  const ScratchFolder folder;
  std::string system = read_file(std::string(kSmall) + "system.yaml").value();
  std::string rules = read_file(std::string(kSmall) + "rules.yml").value();
  for (const auto& [before, after] : edits) {
    bool applied = false;
    for (std::string* text : {&system, &rules}) {
      for (std::size_t at = text->find(before); at != std::string::npos;
           at = text->find(before, at + after.size())) {
        text->replace(at, before.size(), after);
        applied = true;
      }
    }
    EXPECT_TRUE(applied) << before;
  }
  folder.write("system.yaml", system);
  folder.write("rules.yml", rules);
  folder.write("scenario.yaml",
               "system: ./system.yaml\nexpect: {alerts: {others: any}}\n" + scenario);
  return load(folder.path("scenario.yaml"));
}

std::string samples_of(const Evidence& evidence) {
  std::string text;
  metrics::write_openmetrics(*evidence.samples, [&](std::string_view piece) -> Result<void> {
    text += piece;
    return {};
  }).value();
  return text;
}

SeriesView series_of(const Evidence& evidence, const std::string& series) {
  for (const SeriesView& view : evidence.samples->select({}, {})) {
    if (view.labels.to_string() == series) return view;
  }
  return {};
}

std::vector<std::string> values_of(const Evidence& evidence, const std::string& name,
                                   const Labels& labels) {
  std::vector<Matcher> matchers = {Matcher::equal(std::string(kMetricName), name)};
  for (const LabelView label : labels) {
    matchers.push_back(Matcher::equal(std::string(label.name), std::string(label.value)));
  }
  std::vector<std::string> all;
  for (const SeriesView& view : evidence.samples->select(matchers, {})) {
    std::string& text = all.emplace_back();
    for (const double value : view.values) {
      if (!text.empty()) text += ',';
      text += is_stale(value) ? "stale" : format_number(value, 9);
    }
  }
  return all;
}

}  // namespace tocsin::run
