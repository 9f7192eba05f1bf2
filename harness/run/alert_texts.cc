#include "harness/run/alert_texts.h"

#include <algorithm>

#include "harness/rules/template.h"

namespace tocsin::run {
namespace {

class NoSink final : public SampleSink {
 public:
  bool append(const Labels&, Timestamp, double) override { return true; }
  bool append_native(const Labels&, Timestamp, NativeHistogramPtr) override { return true; }
};

/// Whether an annotation may read more than the alert's labels.
bool texts_change(const rules::Rule& rule) {
  return std::any_of(rule.annotations.begin(), rule.annotations.end(), [](const auto& annotation) {
    const auto parsed = rules::Template::parse(annotation.second.text);
    return parsed.has_value() && parsed->use() >= rules::TemplateUse::kValue;
  });
}

}  // namespace

AlertTexts::AlertTexts(std::span<const rules::RuleFile> files, const SeriesSource& store,
                       const rules::EvaluationOptions& options)
    : files_(files), store_(store), options_(options) {
  for (const rules::RuleFile& file : files_) {
    for (const rules::RuleGroup& group : file.groups) {
      for (const rules::Rule& rule : group.rules) groups_[&rule] = &group;
    }
  }
}

Duration AlertTexts::interval_of(const rules::Rule& rule) const {
  const auto group = groups_.find(&rule);
  return group == groups_.end() ? options_.interval
                                : group->second->interval.value_or(options_.interval);
}

const Annotations* AlertTexts::at(const rules::Rule& rule, const Labels& labels, Timestamp at) {
  const auto [changes, is_new] = changes_.try_emplace(&rule, false);
  if (is_new) changes->second = texts_change(rule);
  if (!changes->second) return nullptr;
  const ByLabels& then = look(rule, at);
  const auto found = then.find(labels);
  return found == then.end() ? nullptr : &found->second;
}

const AlertTexts::ByLabels& AlertTexts::look(const rules::Rule& rule, Timestamp at) {
  const auto [known, is_new] = known_.try_emplace(Moment(&rule, at));
  if (!is_new) return known->second;
  rules::EvaluationOptions options = options_;
  options.origin = at;
  options.write_alert_series = false;
  options.looks = {{rule.name, {at}}};
  const std::unordered_set<const rules::Rule*> only = {&rule};
  options.only = &only;
  options.threads = 1;
  NoSink sink;
  const auto outcome = rules::evaluate_timeline(files_, store_, sink, at, options);
  for (const rules::AlertLook& look : outcome.looks) {
    known->second.emplace(look.labels, look.annotations);
  }
  return known->second;
}

}  // namespace tocsin::run
