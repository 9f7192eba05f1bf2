#include "harness/run/evidence_file.h"

#include <memory>

#include <nlohmann/json.hpp>

#include "harness/base/file.h"
#include "harness/metrics/gzip.h"
#include "harness/metrics/openmetrics_file.h"
#include "harness/metrics/store.h"
#include "harness/run/evidence_json.h"

namespace tocsin::run {
namespace {

constexpr std::size_t kLargestFile = 1ULL << 30;
/// Bounds for what a small file may swell to.
constexpr std::size_t kLargestHead = 256ULL << 20;
constexpr std::size_t kLargestText = 16ULL << 30;

Error bad_file(const std::string& path, const std::string& why) {
  return input_error({path, 0, 0}, "not an evidence file of this version: " + why);
}

/// Cuts the first line off and passes the rest on.
class Splitter {
 public:
  Splitter(metrics::Store& store, const std::string& path) : importer_(store, path) {}

  Result<void> feed(std::string_view piece) {
    text_bytes_ += piece.size();
    if (text_bytes_ > kLargestText) return input_error({}, "it is too large");
    if (!have_head_) {
      const std::size_t newline = piece.find('\n');
      head_ += piece.substr(0, newline);
      if (head_.size() > kLargestHead) return input_error({}, "its first line is too long");
      if (newline == std::string_view::npos) return {};
      have_head_ = true;
      piece.remove_prefix(newline + 1);
    }
    return importer_.feed(piece);
  }

  Result<metrics::ImportStats> finish() { return importer_.finish(); }
  const std::string& head() const { return head_; }

 private:
  metrics::OpenMetricsImporter importer_;
  std::string head_;
  std::size_t text_bytes_ = 0;
  bool have_head_ = false;
};

}  // namespace

Result<void> save_evidence(const Evidence& evidence, const std::string& path) {
  std::string file;
  metrics::GzipWriter gzip;
  // Bodies of answers may hold anything; JSON must be UTF-8.
  gzip.feed(
      evidence_to_json(evidence).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) +
          '\n',
      file);
  auto written =
      metrics::write_openmetrics(*evidence.samples, [&](std::string_view piece) -> Result<void> {
        gzip.feed(piece, file);
        return {};
      });
  if (written.has_error()) return written.error();
  gzip.finish(file);
  return write_file_atomically(path, file);
}

Result<Evidence> load_evidence(const std::string& path) {
  TRY(const std::string file, read_file(path, kLargestFile));
  if (!metrics::looks_like_gzip(file)) return bad_file(path, "it is no gzip file");
  auto store = std::make_shared<metrics::Store>();
  Splitter splitter(*store, path);
  metrics::GzipReader gzip;
  auto fed = gzip.feed(file, [&](std::string_view piece) { return splitter.feed(piece); });
  if (fed.has_value()) fed = gzip.finish();
  if (fed.has_error()) return bad_file(path, to_string(fed.error()));
  auto finished = splitter.finish();
  if (finished.has_error()) return bad_file(path, to_string(finished.error()));
  try {
    Evidence evidence = evidence_from_json(nlohmann::json::parse(splitter.head()));
    for (const TargetFamilies& target : evidence.targets) {
      for (const FamilyInfo& family : target.families) store->set_family(family);
    }
    evidence.samples = std::move(store);
    return evidence;
  } catch (const nlohmann::json::exception& error) {
    return bad_file(path, error.what());
  }
}

}  // namespace tocsin::run
