#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fakes/receivers/receiver_server.h"
#include "harness/run/monitor.h"
#include "harness/run/scraper.h"
#include "harness/run/stack_context.h"
#include "harness/stack/stack_watch.h"

namespace tocsin::run {

/// What monitors of a real Prometheus have in common, whoever started it: they watch it by its API
/// and make evidence of what it shows. prepare() of the derived class opens the watch.
class StackMonitor : public Monitor {
 public:
  explicit StackMonitor(const StackContext& context) : run_(context) {}

  net::Task<void> watch(Duration end) override;
  std::string trouble() const override;
  AlertCounts alerts() const override;
  void finish() override;

 protected:
  /// Whether whoever runs the programs knows of trouble: why, or nothing. Asked again and again.
  virtual std::string look_for_trouble() { return {}; }
  /// The watch has seen all that it will see.
  virtual void close() {}
  /// Whether whoever is told is known at the end. Where it is not, nothing is claimed of it.
  virtual bool knows_who_was_told() const { return true; }

  Duration scaled_by_run(Duration d) const { return scaled(d, run_.clock.time_scale()); }
  /// Alertmanager's configuration as the system has it; null: there is none.
  const alerting::Config* config() const {
    return run_.routing == nullptr ? nullptr : run_.routing->config.get();
  }
  void open_pages(std::vector<ScrapedTarget> targets);
  void open_watch(stack::WatchSetup setup) { watch_.emplace(run_.loop, std::move(setup)); }
  /// Integrations that cannot be told here: evidence of them there is none.
  void set_gone(std::vector<std::pair<std::string, std::string>> gone) { gone_ = std::move(gone); }
  void warn(std::string what) { warnings_.push_back(std::move(what)); }

  StackContext run_;
  std::unique_ptr<receivers::ReceiverServer> receivers_;  ///< null: nobody of ours is told

 private:
  /// Pages are looked at besides Prometheus, for what targets export.
  struct Page {
    metrics::Store store;
    Evidence evidence;
    std::optional<Scraper> scraper;
  };

  std::vector<stack::PlannedSilence> planned_silences() const;
  net::Task<void> poll_alerts(Duration end);
  net::Task<void> look_at_pages();
  net::Task<void> look_once();
  void take_pages();
  void take_notifications();
  void note_routes();

  std::optional<stack::StackWatch> watch_;
  std::deque<Page> pages_;
  std::vector<std::pair<std::string, std::string>> gone_;  ///< receiver and kind
  std::vector<std::string> warnings_;
  std::string trouble_;
};

}  // namespace tocsin::run
