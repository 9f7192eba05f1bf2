#include "harness/check/check_groups.h"

/// What other rooms' readers find, and comments that silence: these checks run while files are
/// loaded (load.cc, silence.cc). They stand here to be listed.

namespace tocsin::check {
namespace {

constexpr Check kInput[] = {
    {"rule/invalid", Severity::kError, "A rule file that Prometheus refuses",
     "Prometheus does not load a file with one wrong rule, nor any rule beside it.",
     "Correct what the message names."},
    {"rule/doubtful", Severity::kWarning, "Prometheus takes it, and it is likely a mistake",
     "A rule that is there twice, names that only newer versions accept, documents that are not "
     "read.",
     "Remove the copy, or rename."},
    {"system/invalid", Severity::kError, "A system file that cannot be run",
     "Nothing can be run on it.", "Correct what the message names."},
    {"scenario/invalid", Severity::kError, "A scenario that cannot be run",
     "It names an alert, a signal, an endpoint or a time that is not there.",
     "Correct what the message names."},
    {"contract/invalid", Severity::kError, "A contract that cannot be read",
     "Nothing can be held against it.", "Correct what the message names."},
    {"metric/invalid", Severity::kError, "A page of metrics that Prometheus refuses",
     "The scrape fails as a whole.", "Correct what the message names."},
    {"alertmanager/invalid", Severity::kError, "An alertmanager.yml that Alertmanager refuses",
     "It does not start with it, or goes on with the old one; nobody is told of anything new.",
     "Correct what the message names."},
    {"alertmanager/doubtful", Severity::kWarning, "Alertmanager takes it, with a warning",
     "Matchers that only its old grammar reads will stop to work.", "Write them anew."},
    {"prometheus/invalid", Severity::kError, "A prometheus.yml that Prometheus refuses",
     "It does not start with it, or goes on with the old one.", "Correct what the message names."},
    {"silence/unknown-check", Severity::kWarning, "A comment silences a check that does not exist",
     "It silences nothing.", "Name the check as `tocsin check --list` shows it."},
    {"silence/unused", Severity::kInfo, "A comment silences nothing",
     "What it once excused is gone.", "Remove the comment."},
};

void nothing(const Subject& /*subject*/, Findings& /*findings*/) {}

}  // namespace

const CheckGroup kInputChecks{kInput, nothing};

}  // namespace tocsin::check
