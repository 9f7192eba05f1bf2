#include "fakes/service/exporter_manners.h"

#include <algorithm>
#include <string>

namespace tocsin::fakes {

ExporterManners manners_of(std::string_view kind) {
  if (kind == "celery") return {.python = true};
  // Those written in Go.
  const bool known = kind == "node" || kind == "postgres" || kind == "redis";
  return {.landing = known, .text_only = known};
}

std::string_view landing_page() {
  return "<html>\n<head><title>Exporter</title></head>\n<body>\n<h1>Exporter</h1>\n"
         "<p><a href=\"/metrics\">Metrics</a></p>\n</body>\n</html>\n";
}

void fold_created(std::vector<metrics::FamilySamples>& page) {
  constexpr std::string_view kCreated = "_created";
  const auto folds = [&](metrics::FamilySamples& created) {
    const std::string& name = created.info.name;
    if (!name.ends_with(kCreated)) return false;
    const std::string base = name.substr(0, name.size() - kCreated.size());
    const auto owner = std::find_if(page.begin(), page.end(), [&](const auto& family) {
      return family.info.name == base || family.info.name == base + "_total";
    });
    if (owner == page.end()) return false;
    owner->samples.insert(owner->samples.end(), created.samples.begin(), created.samples.end());
    return true;
  };
  std::vector<bool> gone;
  for (metrics::FamilySamples& family : page) gone.push_back(folds(family));
  std::size_t i = 0;
  std::erase_if(page, [&](const metrics::FamilySamples&) { return gone[i++]; });
}

}  // namespace tocsin::fakes
