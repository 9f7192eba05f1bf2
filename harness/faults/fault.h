#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/time.h"
#include "harness/faults/action.h"
#include "harness/faults/network_fault.h"

/// What goes wrong, and when, as data.

namespace tocsin::faults {

/// How a fault moves one signal.
struct SignalChange {
  enum class Kind {
    kSet,     ///< the signal is `value`
    kFactor,  ///< times `value`
    kOffset,  ///< plus `value`
  };
  std::string signal;
  /// Empty, or the endpoint that alone is meant (for the service's request signals).
  std::string endpoint;
  Kind kind = Kind::kSet;
  double value = 0;
  /// A ramp: the change grows from `from` at the fault's start to `value` after `over` (zero: over
  /// the whole fault), then holds.
  std::optional<double> from;
  Duration over{0};
  SourcePos pos = {};
  /// As the user wrote it ("8%", "x3", "5%..20%"), for reports; may be empty.
  std::string text = {};
};

/// What happens to a whole target (the service or an exporter).
enum class TargetFaultKind {
  kDown,             ///< refuses connections
  kHang,             ///< accepts and never answers
  kSlowScrape,       ///< /metrics answers after `delay`
  kMalformedScrape,  ///< /metrics answers with text that is no exposition
  kRestart,          ///< at the fault's start: counters begin at zero again
};
std::string_view to_string(TargetFaultKind kind);

struct TargetFault {
  TargetFaultKind kind = TargetFaultKind::kDown;
  Duration delay{0};  ///< of kSlowScrape
  SourcePos pos = {};
};

/// Trouble at a receiver of notifications: how it takes what comes to it.
struct ReceiverFault {
  enum class Kind {
    kStatus,            ///< answers with `status`
    kDelay,             ///< answers as usual, but late
    kDown,              ///< refuses connections
    kHang,              ///< takes the notification and never answers
    kDrop,              ///< takes it and closes the connection without an answer
    kRefuseRecipients,  ///< of mails: no recipient is good
  };
  std::string receiver;  ///< its name in alertmanager.yml
  Kind kind = Kind::kStatus;
  int status = 0;                            ///< kStatus: HTTP's, or SMTP's of a mail
  std::optional<Duration> retry_after = {};  ///< kStatus: the header
  Duration delay{0};                         ///< of answers
  SourcePos pos = {};
};
std::string_view to_string(ReceiverFault::Kind kind);

struct Fault {
  std::string name;  ///< unique; "fault", "fault 2", … when the scenario gives none
  SourcePos pos = {};
  Duration at{0};      ///< since the run's start
  Duration length{0};  ///< of each occurrence
  /// Occurrences begin at `at`, `at + every`, …
  std::uint32_t times = 1;
  Duration every{0};
  /// "service" or an exporter's name; "network" for network faults, "receiver" for receivers;
  /// "run", "http" or "toxiproxy" for actions that say nothing of a target.
  std::string target;
  std::vector<SignalChange> changes;
  std::vector<TargetFault> target_faults;
  std::vector<NetworkFault> network_faults;
  std::vector<ReceiverFault> receiver_faults = {};
  /// Not empty: the path of the target's admin endpoint that is called at the start of each
  /// occurrence; changes and length are then what the call brings.
  std::string call = {};
  /// What live runs do to the outside. Beside changes of a target it is what makes them where the
  /// service is a real one (`tocsin run --target`); else the fakes' models do.
  std::optional<Action> action = {};

  Duration start_of(std::uint32_t occurrence) const { return at + occurrence * every; }
  Duration end_of(std::uint32_t occurrence) const { return start_of(occurrence) + length; }
  /// Whether the model has something to change, so that a simulated run makes the fault.
  bool moves_target() const { return !changes.empty() || !target_faults.empty(); }
  /// Whether a live run takes the action; `external`: the service is a real one.
  bool is_made_outside(bool external) const {
    return action.has_value() && (external || !moves_target());
  }
  /// End of the last occurrence.
  Duration end() const { return end_of(times - 1); }
  /// For reports: "service error_rate 8%".
  std::string describe() const;
};

}  // namespace tocsin::faults
