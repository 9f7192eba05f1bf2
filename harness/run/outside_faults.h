#pragma once

#include <memory>
#include <string>

#include "harness/model/evidence.h"
#include "harness/net/loop.h"
#include "harness/net/tls.h"
#include "harness/run/live_clock.h"
#include "harness/scenario/scenario.h"

namespace tocsin::run {

struct OutsideSetup {
  net::TlsContextPtr tls;
  bool verify_tls = true;  ///< what `tls` is made of
  std::string ca_file;
  std::string target_url;  ///< the service's, which paths are relative to
  /// The service is no fake: faults that say what happens to it are made by their actions.
  bool external = false;
  /// This program's file, for the guard that undoes faults when this process can't any more; empty:
  /// there is none.
  std::string guard_program;
};

/// The faults of a live run that are made on the outside (harness/faults/action.h). Whatever has
/// begun is undone: at the fault's end, at the run's end, when the run is asked to stop or fails,
/// when the beginning itself failed half-way, when this process is killed. What commands have left
/// running in their process group is killed with the fault's end.
class OutsideFaults {
 public:
  /// Errors are addresses that can't be called, Toxiproxies that don't answer: nothing has begun.
  static Result<std::unique_ptr<OutsideFaults>> plan(net::Loop& loop,
                                                     const scenario::Scenario& scenario,
                                                     const LiveClock& clock, OutsideSetup setup);
  /// Undoes what is owed, if finish() could not.
  ~OutsideFaults();

  /// Begins and ends faults as the scenario goes, until finish(). Notes go to `evidence`.
  void begin(Evidence& evidence);
  /// Nothing begins any more, and everything that is owed is undone, the last that began first.
  net::Task<void> finish();
  /// Why the run proves nothing: empty, or what could not be begun or undone.
  std::string trouble() const;
  /// Whether any fault is made here.
  bool any() const;

 private:
  struct Impl;
  explicit OutsideFaults(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin::run
