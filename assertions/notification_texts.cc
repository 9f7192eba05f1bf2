#include <algorithm>

#include "assertions/notification_bench.h"

/// What do pages say?

namespace tocsin::assertions {
namespace {

constexpr std::size_t kWidthShown = 80;
constexpr std::size_t kLinesShown = 30;

/// These kinds send alerts as data, annotations and all; of the others a human sees what templates
/// pick.
bool sends_annotations(const std::string& integration) {
  return integration == "webhook" || integration == "incidentio";
}

bool says(const NotificationRecord& record, const std::string& text) {
  return record.title.find(text) != std::string::npos ||
         record.text.find(text) != std::string::npos;
}

std::string cut(std::string line) {
  if (line.size() <= kWidthShown) return line;
  std::size_t end = kWidthShown;
  while (end > 0 && (static_cast<unsigned char>(line[end]) & 0xC0) == 0x80) --end;
  return line.substr(0, end) + "…";
}

/// Title and text, line by line.
std::vector<std::string> words_of(const NotificationRecord& record) {
  std::vector<std::string> lines;
  if (!record.title.empty()) lines.push_back("title: " + record.title);
  for (std::size_t begin = 0; begin < record.text.size();) {
    if (lines.size() == kLinesShown) {
      lines.emplace_back("…");
      break;
    }
    const std::size_t end = std::min(record.text.find('\n', begin), record.text.size());
    lines.push_back("text:  " + record.text.substr(begin, end - begin));
    begin = end + 1;
  }
  if (lines.empty()) lines.emplace_back("neither title nor text");
  return lines;
}

void fail_page(NotificationBench& bench, Judgement judgement, std::string seen, const Told& told) {
  judgement.outcome = Outcome::kFail;
  judgement.seen = std::move(seen);
  judgement.around = words_of(told.last());
  judgement.at = bench.trial().offset(told.at());
  bench.add(std::move(judgement));
}

void all_do(NotificationBench& bench, Judgement judgement, const std::vector<const Told*>& pages) {
  const std::string which =
      pages.size() == 1 ? "" : std::to_string(pages.size()) + " pages, the first ";
  bench.pass_if_complete(std::move(judgement), which + bench.told_at(*pages.front()));
}

void say(NotificationBench& bench, const std::string& text) {
  Judgement judgement = bench.begin("says \"" + text + '"');
  const auto pages = bench.scope().pages();
  if (pages.empty()) return bench.missing_page(std::move(judgement));
  for (const Told* told : pages) {
    if (says(told->last(), text)) continue;
    const std::string first = words_of(told->last()).front();
    return fail_page(bench, std::move(judgement), bench.told_at(*told) + "; " + cut(first), *told);
  }
  all_do(bench, std::move(judgement), pages);
}

/// The runbook of an alert in a notification; the rule's where the payload tells no annotations.
std::string runbook_of(const NotificationBench& bench, const Told& told, std::size_t i) {
  const auto in = [](const std::map<std::string, std::string>& annotations) {
    const auto it = annotations.find("runbook_url");
    return it == annotations.end() ? std::string() : it->second;
  };
  if (!told.last().alerts.empty()) {
    std::string url = in(told.last().alerts[i].annotations);
    if (!url.empty()) return url;
  }
  for (const AlertEpisode* episode : bench.scope().fired()) {
    if (bench.log().subject_of(episode->labels) != told.alerts[i].subject) continue;
    std::string url = in(episode->annotations);
    if (!url.empty()) return url;
  }
  return {};
}

/// What is wrong with the runbook of one alert in a page; empty: nothing.
std::string runbook_trouble(const NotificationBench& bench, const Told& told, std::size_t i) {
  const NotificationRecord& record = told.last();
  const std::size_t subject = told.alerts[i].subject;
  const Labels& alert =
      subject == kNoSubject ? record.alerts[i].labels : bench.log().subjects()[subject];
  if (!told.alerts[i].firing || !bench.scope().concerns(alert)) return {};
  const std::string url = runbook_of(bench, told, i);
  if (url.empty()) return alert_text(alert) + " has no annotation runbook_url";
  const bool as_data = sends_annotations(record.integration) && !record.alerts.empty();
  if (as_data || says(record, url)) return {};
  return url + " of " + alert_text(alert) + " is not in the text";
}

void link_runbooks(NotificationBench& bench) {
  Judgement judgement = bench.begin("links the runbook");
  const auto pages = bench.scope().pages();
  if (pages.empty()) return bench.missing_page(std::move(judgement));
  for (const Told* told : pages) {
    for (std::size_t i = 0; i < told->alerts.size(); ++i) {
      const std::string trouble = runbook_trouble(bench, *told, i);
      if (trouble.empty()) continue;
      return fail_page(bench, std::move(judgement), trouble + "; " + bench.told_at(*told), *told);
    }
  }
  all_do(bench, std::move(judgement), pages);
}

}  // namespace

void judge_notification_texts(NotificationBench& bench) {
  for (const std::string& text : bench.expectation().contains) say(bench, text);
  if (bench.expectation().runbook) link_runbooks(bench);
}

}  // namespace tocsin::assertions
