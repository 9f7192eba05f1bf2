#include <algorithm>
#include <functional>

#include <nlohmann/json.hpp>

#include "assertions/trial.h"

/// Health: what did the endpoints answer, and how quickly?

namespace tocsin::assertions {
namespace {

using nlohmann::json;
using scenario::HealthExpectation;

constexpr std::size_t kBodyShown = 300;

/// The state that a body states: "status", or "ready" as true and false.
std::string state_in(const json& body) {
  if (!body.is_object()) return {};
  for (const char* key : {"status", "state"}) {
    if (body.contains(key) && body[key].is_string()) return body[key].get<std::string>();
  }
  if (body.contains("ready") && body["ready"].is_boolean()) {
    return body["ready"].get<bool>() ? "ready" : "not ready";
  }
  return {};
}

std::string one_line(const ProbeResult& probe) {
  std::string text = probe.status_code > 0 ? std::to_string(probe.status_code) : probe.error;
  text += " in " + format_latency(probe.latency);
  if (!probe.body.empty()) {
    text += ' ' + probe.body.substr(0, kBodyShown);
    if (probe.body.size() > kBodyShown) text += "…";
  }
  return text;
}

/// One claim about single answers: its words, whether an answer meets it, and what was seen.
struct Claim {
  std::string text;
  std::function<bool(const ProbeResult&, const json&)> holds;
  std::function<std::string(const ProbeResult&, const json&)> seen;
};

Claim field_claim(const std::string& pointer, const std::string& wanted_text) {
  const json wanted = json::parse(wanted_text, nullptr, false);
  const auto find = [pointer](const json& body) -> const json* {
    // The scenario's reader has checked the pointer's form.
    const json::json_pointer path(pointer);
    return !body.is_discarded() && body.contains(path) ? &body.at(path) : nullptr;
  };
  return {pointer + " is " + wanted_text,
          [=](const ProbeResult&, const json& body) {
            const json* value = find(body);
            return value != nullptr && *value == wanted;
          },
          [=](const ProbeResult& probe, const json& body) {
            const json* value = find(body);
            if (value != nullptr) return pointer + " is " + value->dump();
            return "no " + pointer + " in the answer" +
                   (probe.status_code == 0 ? " (" + probe.error + ")" : "");
          }};
}

std::vector<Claim> claims_of(const HealthExpectation& expectation) {
  std::vector<Claim> claims;
  if (expectation.state) {
    const std::string wanted = *expectation.state;
    const auto state = [](const ProbeResult& probe, const json& body) {
      const std::string found = state_in(body);
      if (!found.empty()) return found;
      return probe.status_code > 0 ? "no state in the answer" : probe.error;
    };
    claims.push_back(
        {"is " + wanted,
         [=](const ProbeResult&, const json& body) { return state_in(body) == wanted; }, state});
  }
  if (expectation.code) {
    const int wanted = *expectation.code;
    claims.push_back(
        {"answers " + std::to_string(wanted),
         [=](const ProbeResult& probe, const json&) { return probe.status_code == wanted; },
         [](const ProbeResult& probe, const json&) {
           return probe.status_code > 0 ? std::to_string(probe.status_code) : probe.error;
         }});
  }
  for (const auto& [pointer, wanted] : expectation.fields) {
    claims.push_back(field_claim(pointer, wanted));
  }
  if (expectation.latency) {
    const scenario::ValueClaim wanted = *expectation.latency;
    claims.push_back({"latency " + wanted.text,
                      [=](const ProbeResult& probe, const json&) {
                        return probe.status_code > 0 && wanted.holds(to_seconds(probe.latency));
                      },
                      [](const ProbeResult& probe, const json&) {
                        return probe.status_code > 0 ? format_latency(probe.latency) : probe.error;
                      }});
  }
  if (expectation.considered_ok) {
    const bool wanted = *expectation.considered_ok;
    const auto word = [](bool ok) { return std::string(ok ? "passing" : "failing"); };
    claims.push_back(
        {"probe " + word(wanted),
         [=](const ProbeResult& probe, const json&) { return probe.considered_ok == wanted; },
         [=](const ProbeResult& probe, const json&) { return word(probe.considered_ok); }});
  }
  return claims;
}

void judge_claim(Trial& trial, const HealthExpectation& expectation, const Claim& claim,
                 const std::vector<const ProbeResult*>& answers) {
  const std::string subject =
      (expectation.target == "service" ? "" : expectation.target + ' ') + expectation.endpoint;
  Judgement judgement = Trial::begin(
      "health", subject,
      claim.text + (expectation.eventually ? " eventually " : " ") + expectation.window.text,
      expectation.pos);
  if (answers.empty()) {
    judgement.outcome = Outcome::kInconclusive;
    judgement.seen = "no answer of the endpoint in this time";
    return trial.add(std::move(judgement));
  }
  std::size_t decided = 0;
  bool holds = false;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    decided = i;
    holds = claim.holds(*answers[i], json::parse(answers[i]->body, nullptr, false));
    if (holds == expectation.eventually) break;
  }
  const ProbeResult& probe = *answers[decided];
  judgement.at = trial.offset(probe.at);
  judgement.seen =
      claim.seen(probe, json::parse(probe.body, nullptr, false)) + " at " + trial.moment(probe.at);
  if (holds && !expectation.eventually) {
    judgement.seen += " and in all " + std::to_string(answers.size()) + " answers";
  }
  const bool cut_short = trial.ended_before(expectation.window.to);
  if (!holds) {
    judgement.outcome =
        cut_short && expectation.eventually ? Outcome::kInconclusive : Outcome::kFail;
    const std::size_t first = decided > 2 ? decided - 2 : 0;
    for (std::size_t i = first; i < std::min(answers.size(), decided + 3); ++i) {
      judgement.around.push_back(trial.clock(answers[i]->at) + "  " + one_line(*answers[i]));
    }
  } else if (cut_short && !expectation.eventually) {
    judgement.outcome = Outcome::kInconclusive;
  }
  trial.add(std::move(judgement));
}

/// The answers that a claim is about; for a moment, the last one until then.
std::vector<const ProbeResult*> answers_in(const Trial& trial,
                                           const HealthExpectation& expectation) {
  const TimeRange range = trial.range(expectation.window);
  const bool moment = expectation.window.from == expectation.window.to;
  std::vector<const ProbeResult*> answers;
  for (const ProbeResult& probe : trial.evidence().probes) {
    if (probe.target != expectation.target || probe.endpoint != expectation.endpoint) continue;
    if (probe.at > range.to || (!moment && probe.at < range.from)) continue;
    if (moment) answers.clear();
    answers.push_back(&probe);
  }
  return answers;
}

}  // namespace

void judge_health(Trial& trial) {
  for (const HealthExpectation& expectation : trial.scenario().expect.health) {
    const std::vector<const ProbeResult*> answers = answers_in(trial, expectation);
    for (const Claim& claim : claims_of(expectation)) {
      judge_claim(trial, expectation, claim, answers);
    }
  }
}

}  // namespace tocsin::assertions
