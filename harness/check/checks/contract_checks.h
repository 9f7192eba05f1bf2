#pragma once

#include "harness/check/check.h"
#include "harness/check/facts.h"
#include "harness/check/subject.h"
#include "harness/contract/contract.h"

/// The checks of contracts, and what they share.

namespace tocsin::check {

enum ContractCheck {
  kAlertWithoutRule,
  kRuleWithoutAlert,
  kContractThreshold,
  kContractComparison,
  kContractUnit,
  kContractFor,
  kContractSeverity,
  kContractWindow,
  kMetricMissing,
  kMetricType,
  kMetricLabels,
  kContractMetricUnit,
  kContractScrape,
  kContractCount,
  kUnlistedMetric,
  kUnnamedMetric,
  kSameWords,
  kVagueAlert,
  kAlertWithoutRunbook,
  kHealthLatency,
  kContractChecksCount,
};

extern const Check kContracts[kContractChecksCount];

/// A promised alert against the rule of its name.
void look_at_promised_alert(const contract::Alert& promised, const RuleUse& use, FactFinder& facts,
                            Findings& findings);

/// A finding about a place in the contract.
void add_to_contract(const contract::Contract& contract, ContractCheck check, const SourcePos& pos,
                     std::string message, std::string way_out, Findings& findings);

/// What the document leaves open, says twice or forgets.
void look_at_document(const Subject& subject, Findings& findings);

}  // namespace tocsin::check
