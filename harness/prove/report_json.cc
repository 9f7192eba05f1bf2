#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/base/utf8.h"
#include "harness/junit/document.h"
#include "harness/prove/report.h"

namespace tocsin::prove {
namespace {

using Json = nlohmann::ordered_json;

Json json_of(const std::optional<Span>& span) {
  if (!span) return nullptr;
  return {{"min_seconds", to_seconds(span->min)}, {"max_seconds", to_seconds(span->max)}};
}

Json documented_json(const contract::Alert& alert) {
  Json json = Json::object();
  if (alert.threshold) {
    json["threshold"] = alert.threshold->value;
    json["threshold_text"] = printable(alert.threshold_text);
    json["comparison"] = contract::symbol(alert.is);
  }
  json["for_seconds"] = to_seconds(alert.hold);
  if (alert.window) json["window_seconds"] = to_seconds(*alert.window);
  if (!alert.severity.empty()) json["severity"] = printable(alert.severity);
  json["ours"] = alert.ours;
  return json;
}

Json measured_json(const Proof& proof) {
  Json json = Json::object();
  if (proof.threshold) json["threshold"] = *proof.threshold;
  if (proof.hold) json["for_seconds"] = to_seconds(*proof.hold);
  if (proof.severity) json["severity"] = printable(*proof.severity);
  if (proof.pending) json["pending_after"] = json_of(proof.pending);
  if (proof.firing) json["fires_after"] = json_of(proof.firing);
  if (proof.resolving) json["resolves_after"] = json_of(proof.resolving);
  return json;
}

Json json_of(const Proof& proof) {
  const contract::Alert& alert = *proof.alert;
  Json json = {{"alert", printable(alert.name)}};
  if (!alert.id.empty()) json["id"] = printable(alert.id);
  json["cause"] = printable(proof.cause->describe());
  json["file"] = printable(proof.cause->pos.file);
  json["line"] = proof.cause->pos.line;
  json["guide_lines"] = alert.lines;
  json["verdict"] = to_string(proof.verdict);
  json["documented"] = documented_json(alert);
  json["measured"] = measured_json(proof);
  json["findings"] = Json::array();
  for (const Finding& finding : proof.findings) {
    json["findings"].push_back(
        {{"kind", to_string(finding.kind)}, {"text", printable(finding.text)}});
  }
  return json;
}

}  // namespace

std::string render_json(const Report& report) {
  Json json = {{"format", "tocsin-proof"}, {"version", 1}};
  json["causes"] = report.proofs.size();
  json["agree"] = report.count(Verdict::kAgrees);
  json["differ"] = report.count(Verdict::kDiffers);
  json["not_driven"] = report.count(Verdict::kNotDriven);
  json["not_run"] = report.count(Verdict::kNotRun);
  json["systems"] = Json::array();
  for (std::size_t s = 0; s < report.systems.size(); ++s) {
    const ProvenSystem& system = report.systems[s];
    Json one = {{"system", printable(system.subject.contract->system)},
                {"contract", printable(system.subject.contract->file)},
                {"guide", printable(system.subject.contract->guide)},
                {"proofs", Json::array()},
                {"undocumented", system.undocumented}};
    for (const Proof& proof : report.proofs) {
      if (proof.system == s) one["proofs"].push_back(json_of(proof));
    }
    json["systems"].push_back(std::move(one));
  }
  return json.dump(2) + "\n";
}

std::string render_junit(const Report& report) {
  junit::Document document;
  document.name = "tocsin prove";
  for (std::size_t s = 0; s < report.systems.size(); ++s) {
    const std::string& name = report.systems[s].subject.contract->system;
    junit::Suite suite{name, Nanos(0), {}};
    for (const Proof& proof : report.proofs) {
      if (proof.system != s) continue;
      junit::Case one;
      one.class_name = "prove." + junit::class_part(name);
      one.name = fmt::format("{} by {}", proof.alert->name, proof.cause->describe());
      if (proof.verdict == Verdict::kNotRun) {
        one.outcome = junit::Outcome::kSkipped;
        one.message = "not run";
      } else if (proof.verdict != Verdict::kAgrees) {
        one.outcome = junit::Outcome::kFailed;
        one.type = to_string(proof.verdict);
        for (const Finding& finding : proof.findings) {
          if (one.message.empty()) one.message = finding.text;
          one.text += fmt::format("{}: {}\n", to_string(finding.kind), finding.text);
        }
      }
      suite.cases.push_back(std::move(one));
    }
    document.suites.push_back(std::move(suite));
  }
  return junit::render(document);
}

}  // namespace tocsin::prove
