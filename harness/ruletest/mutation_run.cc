#include "harness/ruletest/mutation_run.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "harness/ruletest/case_reach.h"
#include "harness/ruletest/run.h"
#include "harness/ruletest/seen.h"
#include "harness/ruletest/spread.h"

namespace tocsin::ruletest {
namespace {

/// Where a rule stands in the rules of an input.
struct RulePlace {
  std::size_t file = 0;
  std::size_t group = 0;
  std::size_t rule = 0;

  template <class Files>
  auto& in(Files& files) const {
    return files[file].groups[group].rules[rule];
  }
};

/// A rule in the rules of one input, and the cases of that input that depend on it.
struct MutationUse {
  std::size_t input = 0;
  RulePlace place;
  std::vector<CaseChoice> cases;  ///< none: none depends on it
};

/// One rule, which several inputs may have.
struct MutationTask {
  std::vector<MutationUse> uses;
};

RunOptions run_options(const MutationOptions& options) {
  RunOptions how;
  how.version_2 = options.version_2;
  return how;
}

/// The file's rules as often as test files name it.
std::string file_key(const std::string& path) {
  std::error_code failed;
  const auto whole = std::filesystem::weakly_canonical(path, failed);
  return failed ? path : whole.string();
}

std::vector<MutationTask> tasks_of(const std::vector<MutationInput>& inputs,
                                   const RunOptions& how) {
  std::vector<MutationTask> tasks;
  std::map<std::string, std::size_t> first_tasks;  // of each file; its rules follow one another
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const auto& files = inputs[i].rules.files;
    auto sorted = cases_by_rule(inputs[i].tests, files, how);
    for (std::size_t f = 0; f < files.size(); ++f) {
      const auto [it, added] = first_tasks.try_emplace(file_key(files[f].path), tasks.size());
      std::size_t task = it->second;
      for (std::size_t g = 0; g < files[f].groups.size(); ++g) {
        const auto& rules = files[f].groups[g].rules;
        for (std::size_t r = 0; r < rules.size(); ++r, ++task) {
          if (added) tasks.emplace_back();
          tasks[task].uses.push_back({i, {f, g, r}, std::move(sorted[&rules[r]])});
        }
      }
    }
  }
  return tasks;
}

/// "t.yml:9:9: name: alert X at 5m" of the first case that failed.
std::string first_failure(const GroupResult& result) {
  for (const CaseResult& one : result.cases) {
    if (one.outcome != CaseResult::Outcome::kFailed) continue;
    return fmt::format("{}: {}: {}", to_string(one.pos), result.name, one.name);
  }
  const std::string reason = result.failures.empty() ? "" : result.failures.front().message;
  return fmt::format("{}: {}: a rule could not be evaluated: {}", to_string(result.pos),
                     result.name, reason);
}

/// The tests of one input that depend on the rule, against the rule's mutants.
class UseRun {
 public:
  UseRun(const MutationInput& input, const MutationUse& use, std::vector<rules::RuleFile>& rules,
         const RunOptions& how)
      : tests_(with_cases(input.tests, use.cases)),
        rules_(rules),
        slot_(use.place.in(rules)),
        how_(how),
        before_(tests_.groups.size()) {}

  const TestFile& tests() const { return tests_; }

  /// The case that kills the mutant; empty: none.
  std::string killer(rules::Rule& mutant) {
    const Exchange exchange(slot_, mutant);
    const FileRun run(tests_, rules_, how_);
    // What killed the last one is most likely to kill the next.
    for (std::size_t i = 0; i < tests_.groups.size(); ++i) {
      const std::size_t group = (likely_ + i) % tests_.groups.size();
      const GroupResult result = run.run(group);
      if (result.failed() == 0) continue;
      likely_ = group;
      return first_failure(result);
    }
    return {};
  }

  bool makes_a_difference(rules::Rule& mutant) {
    for (std::size_t i = 0; i < tests_.groups.size(); ++i) {
      if (!before_[i]) before_[i] = look(i);
      const Exchange exchange(slot_, mutant);
      if (!same(look(i), *before_[i])) return true;
    }
    return false;
  }

 private:
  /// The mutant in the rule's place, as long as this lives.
  struct Exchange {
    Exchange(rules::Rule& slot, rules::Rule& mutant) : slot_(slot), mutant_(mutant) {
      std::swap(slot_, mutant_);
    }
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;
    ~Exchange() { std::swap(slot_, mutant_); }

    rules::Rule& slot_;
    rules::Rule& mutant_;
  };

  std::set<std::string> alerts_with_values() const {
    std::set<std::string> names;
    for (const rules::RuleFile& file : rules_) {
      for (const rules::RuleGroup& group : file.groups) {
        for (const rules::Rule& rule : group.rules) {
          const bool alert = rule.kind == rules::Rule::Kind::kAlerting;
          if (alert && shows_value(rule)) names.insert(rule.name);
        }
      }
    }
    return names;
  }

  /// What the rules did that the chosen cases depend on; the mutated one is among them.
  Seen look(std::size_t group) {
    if (!look_at_) look_at_ = alerts_with_values();
    Seen seen;
    RunOptions how = how_;
    how.look_at = *look_at_;
    how.observe = [&](const GroupEvidence& evidence) {
      seen = seen_by(evidence, evidence.result.reached);
    };
    FileRun(tests_, rules_, how).run(group);
    return seen;
  }

  const TestFile tests_;
  std::vector<rules::RuleFile>& rules_;
  rules::Rule& slot_;
  const RunOptions& how_;
  std::vector<std::optional<Seen>> before_;  ///< with the rule as it is, by test
  std::optional<std::set<std::string>> look_at_;
  std::size_t likely_ = 0;
};

/// What one thread needs: rules of its own, to change them.
class MutationWorker {
 public:
  MutationWorker(const std::vector<MutationInput>& inputs, const MutationOptions& options)
      : inputs_(inputs), options_(options), how_(run_options(options)), rules_(inputs.size()) {}

  RuleResult run(const MutationTask& task) {
    const MutationUse& first = task.uses.front();
    const rules::RuleFile& file = inputs_[first.input].rules.files[first.place.file];
    const rules::Rule& rule = first.place.in(inputs_[first.input].rules.files);
    RuleResult result = result_for(file, file.groups[first.place.group], rule);
    std::vector<std::unique_ptr<UseRun>> runs;
    for (const MutationUse& use : task.uses) {
      if (use.cases.empty()) continue;
      runs.push_back(std::make_unique<UseRun>(inputs_[use.input], use, rules_of(use.input), how_));
      for (const TestGroup& group : runs.back()->tests().groups) {
        result.tests.push_back(fmt::format("{}: {}", to_string(group.pos), group.name));
      }
    }
    Mutants mutants = mutants_of(rule);
    result.left_out = mutants.left_out;
    for (Mutant& mutant : mutants.all) {
      MutantResult& one = result.mutants.emplace_back(result_for(mutant, rule));
      judge(mutant.rule, runs, one);
    }
    return result;
  }

 private:
  std::vector<rules::RuleFile>& rules_of(std::size_t input) {
    if (!rules_[input]) rules_[input] = copies_of(inputs_[input].rules.files);
    return *rules_[input];
  }

  void judge(rules::Rule& mutant, const std::vector<std::unique_ptr<UseRun>>& runs,
             MutantResult& result) const {
    if (runs.empty()) {
      result.verdict = Verdict::kUnreached;
      return;
    }
    if (options_.list_only || options_.stopped()) return;
    for (const auto& run : runs) {
      result.by = run->killer(mutant);
      if (result.by.empty()) continue;
      result.verdict = Verdict::kKilled;
      return;
    }
    const bool differs = std::any_of(
        runs.begin(), runs.end(), [&](const auto& run) { return run->makes_a_difference(mutant); });
    result.verdict = differs ? Verdict::kSurvived : Verdict::kSame;
  }

  const std::vector<MutationInput>& inputs_;
  const MutationOptions& options_;
  const RunOptions how_;
  std::vector<std::optional<std::vector<rules::RuleFile>>> rules_;
};

}  // namespace

RuleResult result_for(const rules::RuleFile& file, const rules::RuleGroup& group,
                      const rules::Rule& rule) {
  RuleResult result;
  result.file = file.path;
  result.group = group.name;
  const bool alert = rule.kind == rules::Rule::Kind::kAlerting;
  result.name = fmt::format("{} {}", alert ? "alert" : "record", rule.name);
  result.pos = rule.pos;
  return result;
}

MutantResult result_for(const Mutant& mutant, const rules::Rule& rule) {
  MutantResult result;
  result.what = mutant.what;
  result.before = mutant.before;
  result.after = mutant.after;
  result.pos = mutant.pos == SourcePos() ? rule.pos : mutant.pos;
  const std::string& changed = mutant.rule.expression.text;
  if (changed != rule.expression.text) result.expression = changed;
  return result;
}

void merge(std::vector<RuleResult> more, std::vector<RuleResult>& results) {
  const auto key = [](const RuleResult& rule) {
    return fmt::format("{}:{}:{}", file_key(rule.file), rule.pos.line, rule.pos.column);
  };
  std::map<std::string, std::size_t> known;
  for (std::size_t i = 0; i < results.size(); ++i) known.emplace(key(results[i]), i);
  for (RuleResult& other : more) {
    const auto found = known.find(key(other));
    if (found == known.end()) {
      results.push_back(std::move(other));
      continue;
    }
    RuleResult& rule = results[found->second];
    std::move(other.tests.begin(), other.tests.end(), std::back_inserter(rule.tests));
    // The same rule has the same mutants, in the same order.
    for (std::size_t i = 0; i < std::min(rule.mutants.size(), other.mutants.size()); ++i) {
      if (rule.mutants[i].verdict <= other.mutants[i].verdict) continue;
      rule.mutants[i].verdict = other.mutants[i].verdict;
      rule.mutants[i].by = std::move(other.mutants[i].by);
    }
  }
}

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::kKilled:
      return "killed";
    case Verdict::kSurvived:
      return "survived";
    case Verdict::kSame:
      return "same";
    case Verdict::kUnreached:
      return "unreached";
    case Verdict::kNotRun:
      break;
  }
  return "not run";
}

void MutationCounts::add(Verdict verdict) {
  switch (verdict) {
    case Verdict::kKilled:
      ++killed;
      return;
    case Verdict::kSurvived:
      ++survived;
      return;
    case Verdict::kSame:
      ++same;
      return;
    case Verdict::kUnreached:
      ++unreached;
      return;
    case Verdict::kNotRun:
      ++not_run;
      return;
  }
}

double MutationCounts::score() const {
  if (judged() == 0) return 100;
  return 100 * static_cast<double>(killed) / static_cast<double>(judged());
}

MutationCounts count(const std::vector<RuleResult>& rules) {
  MutationCounts counts;
  for (const RuleResult& rule : rules) {
    for (const MutantResult& mutant : rule.mutants) counts.add(mutant.verdict);
  }
  return counts;
}

std::vector<std::string> failures_of(const std::vector<MutationInput>& inputs,
                                     const MutationOptions& options) {
  std::vector<std::vector<std::string>> failures(inputs.size());
  const RunOptions how = run_options(options);
  spread(inputs.size(), options.jobs, [&] {
    return [&](std::size_t i) {
      const FileRun run(inputs[i].tests, inputs[i].rules.files, how);
      for (std::size_t g = 0; g < inputs[i].tests.groups.size() && !options.stopped(); ++g) {
        const GroupResult result = run.run(g);
        if (result.failed() > 0) failures[i].push_back(first_failure(result));
      }
    };
  });
  std::vector<std::string> all;
  for (const auto& some : failures) all.insert(all.end(), some.begin(), some.end());
  return all;
}

std::vector<RuleResult> run_mutants(const std::vector<MutationInput>& inputs,
                                    const MutationOptions& options) {
  const std::vector<MutationTask> tasks = tasks_of(inputs, run_options(options));
  std::vector<RuleResult> results(tasks.size());
  std::mutex mutex;
  std::size_t done = 0;
  spread(tasks.size(), options.jobs, [&] {
    const auto worker = std::make_shared<MutationWorker>(inputs, options);
    return [&, worker](std::size_t i) {
      results[i] = worker->run(tasks[i]);
      const std::lock_guard lock(mutex);
      ++done;
      if (options.progress) options.progress(done, tasks.size());
    };
  });
  return results;
}

}  // namespace tocsin::ruletest
