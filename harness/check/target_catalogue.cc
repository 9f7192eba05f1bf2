#include <algorithm>
#include <cmath>
#include <set>

#include "fakes/service/model.h"
#include "harness/check/catalogue.h"
#include "harness/check/rest_run.h"
#include "harness/faults/timeline.h"
#include "harness/metrics/scrape_parser.h"

/// What a system's targets export, asked of the models that runs use.

namespace tocsin::check {
namespace {

using namespace std::chrono_literals;

constexpr Duration kLooks = 1min;  ///< between two states of a target

traffic::Traffic steady_traffic(double rate_hz, Duration length) {
  traffic::Phase phase;
  phase.length = length;
  phase.shape = traffic::ConstantRate{rate_hz};
  phase.arrivals = traffic::Arrivals::kPaced;
  return {{phase}};
}

faults::Fault moved(const scenario::Target& target, Duration at, const std::string& signal,
                    double value) {
  faults::Fault fault;
  fault.name = signal;
  fault.target = target.name;
  fault.at = at;
  fault.length = kLooks;
  faults::SignalChange change;
  change.signal = signal;
  change.value = value;
  fault.changes.push_back(change);
  return fault;
}

/// One state after the other: normal, half of all requests fail, then each switch turned over, also
/// those of the service that an exporter may follow.
std::vector<faults::Fault> states_of(const scenario::Target& target) {
  std::vector<faults::Fault> states;
  const auto next = [&] { return static_cast<std::int64_t>(states.size() + 1) * kLooks; };
  if (!target.endpoints.empty()) states.push_back(moved(target, next(), "error_rate", 0.5));
  const auto turn_over = [&](const scenario::Target& its) {
    for (const scenario::Signal& signal : its.signals) {
      const auto constant = signal.value ? signal.value->constant_value() : std::nullopt;
      if (!constant || (*constant != 0 && *constant != 1)) continue;
      states.push_back(moved(its, next(), signal.name, 1 - *constant));
    }
  };
  turn_over(target);
  if (target.service) turn_over(*target.service);
  return states;
}

Labels labels_of_target(const scenario::Target& target) {
  std::vector<LabelView> labels = {{"job", target.job}, {"instance", target.instance}};
  for (const auto& [name, value] : target.labels) labels.push_back({name, value});
  return Labels::from(labels);
}

/// The family of a series: its own name, or the one that histograms and summaries add to.
const FamilyInfo* family_of(std::span<const FamilyInfo> families, std::string_view name) {
  for (const FamilyInfo& family : families) {
    const auto base =
        metrics::family_of_sample(name, family.type, metrics::ExpositionFormat::kText);
    if (base == family.name || name == family.name) return &family;
  }
  return nullptr;
}

/// The labels under which a series of a target is stored.
Labels stored_labels(const scenario::Target& target, const Labels& of_target,
                     const Labels& exposed) {
  std::vector<LabelView> labels;
  for (const LabelView label : exposed) {
    if (label.name != kMetricName) labels.push_back(label);
  }
  metrics::ParsedSample sample;
  sample.name = exposed.metric_name();
  sample.labels = labels;
  return metrics::ScrapeParser::series_labels(sample, of_target,
                                              target.honor_labels
                                                  ? metrics::LabelConflict::kHonorExposed
                                                  : metrics::LabelConflict::kRenameExposed);
}

class TargetReader {
 public:
  TargetReader(const scenario::Target& target, Catalogue& catalogue)
      : target_(target),
        catalogue_(catalogue),
        labels_(labels_of_target(target)),
        states_(states_of(target)),
        timeline_(states_),
        end_(static_cast<std::int64_t>(states_.size() + 1) * kLooks),
        traffic_(steady_traffic(1000, end_)) {}

  void read() {
    fakes::ModelOptions options;
    options.noise = scenario::Noise::kNone;
    options.traffic = &traffic_;
    fakes::TargetModel model(target_, timeline_, options);
    std::vector<std::pair<double, double>> seen;  // lowest and highest, as far as known
    for (Duration at = kLooks / 2; at < end_; at += kLooks) {
      const std::span<const double> values = model.read(at);
      seen.resize(values.size(), {NAN, NAN});
      for (std::size_t i = 0; i < values.size(); ++i) {
        if (at > kLooks || is_stale(values[i])) continue;  // only what is normal
        seen[i] = {std::fmin(seen[i].first, values[i]), std::fmax(seen[i].second, values[i])};
      }
    }
    const std::vector<Labels>& all = model.series();
    const std::vector<FamilyInfo> families(model.families());
    for (std::size_t i = 0; i < all.size(); ++i) add(all[i], families, seen[i]);
    add_own();
  }

 private:
  void add(const Labels& exposed, std::span<const FamilyInfo> families,
           std::pair<double, double> seen) {
    const Labels series = stored_labels(target_, labels_, exposed);
    const FamilyInfo* family = family_of(families, exposed.metric_name());
    const FamilyInfo unknown{std::string(exposed.metric_name()), MetricType::kUnknown, "", ""};
    catalogue_.add(series, family == nullptr ? unknown : *family, seen.first,
                   target_.scrape_interval);
  }

  /// What the scraper itself adds.
  void add_own() {
    for (const LabelView label : labels_) catalogue_.add_target_label(std::string(label.name));
    const auto own = [&](std::string name, std::string help, double value) {
      catalogue_.add(labels_.with(kMetricName, name), {name, MetricType::kGauge, help, ""}, value,
                     target_.scrape_interval);
    };
    own("up", "1 while the target answers", 1);
    own("scrape_duration_seconds", "", 0.01);
    own("scrape_samples_scraped", "", 100);
    own("scrape_samples_post_metric_relabeling", "", 100);
    own("scrape_series_added", "", 0);
  }

  const scenario::Target& target_;
  Catalogue& catalogue_;
  const Labels labels_;
  const std::vector<faults::Fault> states_;
  const faults::FaultTimeline timeline_;
  const Duration end_;
  const traffic::Traffic traffic_;
};

/// Scrapes of one target over time.
void scrape_at_rest(const scenario::Target& target, const traffic::Traffic& traffic,
                    Duration length, metrics::Store& store) {
  const faults::FaultTimeline no_faults;
  fakes::ModelOptions options;
  options.noise = scenario::Noise::kNone;
  options.start = kRestStart;
  options.traffic = &traffic;
  fakes::TargetModel model(target, no_faults, options);
  const Labels of_target = labels_of_target(target);
  std::vector<metrics::SeriesId> ids;
  metrics::ScrapeWriter writer(store);
  const metrics::SeriesId up = store.intern(of_target.with(kMetricName, "up"));
  for (Duration at{0}; at <= length; at += target.scrape_interval) {
    const std::span<const double> values = model.read(at);
    while (ids.size() < values.size()) {
      ids.push_back(store.intern(stored_labels(target, of_target, model.series()[ids.size()])));
    }
    writer.begin(kRestStart + at);
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (!is_stale(values[i])) writer.add(ids[i], values[i]);
    }
    writer.finish();
    store.append(up, kRestStart + at, 1);
  }
}

}  // namespace

std::unique_ptr<metrics::Store> run_at_rest(const scenario::System& system, double traffic_hz,
                                            Duration length) {
  auto store = std::make_unique<metrics::Store>();
  const traffic::Traffic traffic = steady_traffic(traffic_hz, length + kLooks);
  scrape_at_rest(system.service, traffic, length, *store);
  for (const scenario::Target& exporter : system.exporters) {
    scrape_at_rest(exporter, traffic, length, *store);
  }
  return store;
}

void add_system(const scenario::System& system, Catalogue& catalogue) {
  TargetReader(system.service, catalogue).read();
  for (const scenario::Target& exporter : system.exporters) {
    TargetReader(exporter, catalogue).read();
  }
}

}  // namespace tocsin::check
