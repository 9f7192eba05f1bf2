#include "harness/scenario/run_times.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "harness/base/suggest.h"
#include "harness/scenario/values.h"

namespace tocsin::scenario {
namespace {

constexpr std::string_view kAfter = " after ";
constexpr std::string_view kBefore = " before ";

constexpr std::array<std::string_view, 10> kOrdinals = {
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"};
/// Words of times, which no name may hold.
constexpr std::array<std::string_view, 13> kReserved = {
    "start", "end", "after",  "before", "within", "of", "at",
    "from",  "to",  "during", "never",  "always", "the"};

bool starts_with_digit(std::string_view text) {
  return !text.empty() && text.front() >= '0' && text.front() <= '9';
}

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text = trim(text.substr(prefix.size()));
  return true;
}

bool take_suffix(std::string_view& text, std::string_view suffix) {
  if (!text.ends_with(suffix)) return false;
  text = trim(text.substr(0, text.size() - suffix.size()));
  return true;
}

/// "second fault" is 1 and leaves "fault"; "last fault" is `count` - 1. None: no ordinal.
std::optional<std::size_t> take_ordinal(std::string_view& text) {
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  const std::string_view word = text.substr(0, space);
  std::optional<std::size_t> nth;
  const auto* const known = std::find(kOrdinals.begin(), kOrdinals.end(), word);
  if (known != kOrdinals.end()) nth = static_cast<std::size_t>(known - kOrdinals.begin());
  if (word == "last") nth = std::string_view::npos;
  for (const std::string_view ending : {"st", "nd", "rd", "th"}) {
    if (!word.ends_with(ending)) continue;
    const auto number = parse_count(word.substr(0, word.size() - ending.size()));
    if (number.has_value() && *number > 0) nth = *number - 1;
  }
  if (nth) text = trim(text.substr(space));
  return nth;
}

/// Where " after EVENT" or " before EVENT" begins.
std::size_t find_relation(std::string_view text) {
  return std::min(text.find(kAfter), text.find(kBefore));
}

Result<Duration> in_run(Duration offset, std::string_view text) {
  if (offset < Duration(0)) {
    return input_error(
        {}, fmt::format("\"{}\" is {} before the run starts", text, format_duration(-offset)));
  }
  if (offset > kLongestRun) {
    return input_error({},
                       fmt::format("\"{}\" is too late; a scenario may last 366d at most", text));
  }
  return offset;
}

}  // namespace

bool RunTimes::add(Kind kind, std::string name, std::vector<Span> occurrences) {
  const auto same = [&](const Named& event) { return event.name == name; };
  if (std::any_of(events_.begin(), events_.end(), same)) return false;
  events_.push_back({kind, std::move(name), std::move(occurrences)});
  return true;
}

const RunTimes::Named* RunTimes::find(std::string_view name) const {
  const Named* only_fault = nullptr;
  int faults = 0;
  for (const Named& event : events_) {
    if (event.name == name) return &event;
    if (event.kind != Kind::kFault) continue;
    ++faults;
    only_fault = &event;
  }
  return name == "fault" && faults == 1 ? only_fault : nullptr;
}

Error RunTimes::unknown_event(std::string_view text) const {
  std::vector<std::string> names = {"start"};
  for (const Named& event : events_) {
    if (event.kind != Kind::kTraffic) names.push_back(event.name);
    names.push_back(event.name + " end");
  }
  Error error = input_error({}, fmt::format("the scenario has no event \"{}\"", text));
  error.hints.push_back(unknown_name_hint(text, names));
  return error;
}

Result<Duration> RunTimes::event(std::string_view text) const {
  std::string_view name = trim(text);
  take_prefix(name, "the ");
  if (name == "start") return Duration(0);
  if (const Named* event = find(name)) return event->occurrences.front().start;
  const bool end = take_suffix(name, " end");
  if (!end) take_suffix(name, " start");
  if (const Named* event = find(name)) {
    return end ? event->occurrences.back().end : event->occurrences.front().start;
  }
  const auto nth = take_ordinal(name);
  const Named* event = nth ? find(name) : nullptr;
  if (event == nullptr) return unknown_event(trim(text));
  const std::size_t count = event->occurrences.size();
  if (*nth >= count && *nth != std::string_view::npos) {
    Error error = input_error(
        {}, fmt::format("\"{}\" happens {}, so there is no \"{}\"", name,
                        count == 1 ? "once" : fmt::format("{} times", count), trim(text)));
    const std::string other = fmt::format("{} {}", name, *nth + 1);
    if (find(other) != nullptr) error.hints.push_back(fmt::format("did you mean \"{}\"?", other));
    return error;
  }
  const Span& span = event->occurrences[std::min(*nth, count - 1)];
  return end ? span.end : span.start;
}

Result<Duration> RunTimes::offset(std::string_view text) const {
  text = trim(text);
  const std::size_t relation = find_relation(text);
  if (relation != std::string_view::npos) {
    const bool after = text.substr(relation).starts_with(kAfter);
    TRY(const Duration distance, parse_length(trim(text.substr(0, relation))));
    TRY(const Duration origin,
        event(text.substr(relation + (after ? kAfter.size() : kBefore.size()))));
    return in_run(after ? origin + distance : origin - distance, text);
  }
  if (starts_with_digit(text)) {
    const auto since_start = parse_length(text);
    if (since_start.has_value()) return *since_start;
    // "2nd fault" begins with a digit too.
    const auto ordinal = event(text);
    if (ordinal.has_value() || text.find(' ') != std::string_view::npos) return ordinal;
    return since_start.error();
  }
  return event(text);
}

Result<TimePoint> RunTimes::point(std::string_view text) const {
  std::string_view what = trim(text);
  take_prefix(what, "at ");
  TRY(const Duration at, offset(what));
  return TimePoint{at, std::string(trim(text))};
}

Result<TimeWindow> RunTimes::range(std::string_view first, std::string_view second) const {
  // "5m..7m after fault" counts both from the fault.
  const std::size_t relation = find_relation(second);
  std::string from(first);
  const bool shared = relation != std::string_view::npos && parse_duration(first).has_value();
  if (shared) from += second.substr(relation);
  TRY(Duration begin, offset(from));
  TRY(Duration end, offset(second));
  if (shared && begin > end && second.substr(relation).starts_with(kBefore)) std::swap(begin, end);
  if (begin > end) {
    return input_error({}, fmt::format("this window ends ({}) before it begins ({})",
                                       format_duration(end), format_duration(begin)));
  }
  return TimeWindow{begin, end, {}};
}

Result<TimeWindow> RunTimes::around(std::string_view middle, std::string_view tolerance) const {
  // "7m ± 30s after fault" is "7m after fault ± 30s".
  std::string point(middle);
  const std::size_t relation = find_relation(tolerance);
  if (relation != std::string_view::npos) {
    point += tolerance.substr(relation);
    tolerance = tolerance.substr(0, relation);
  }
  TRY(const Duration at, offset(point));
  TRY(const Duration spread, parse_length(trim(tolerance)));
  TRY(const Duration end, in_run(at + spread, middle));
  return TimeWindow{std::max(Duration(0), at - spread), end, {}};
}

Result<TimeWindow> RunTimes::within(std::string_view text) const {
  constexpr std::string_view kOf = " of ";
  const std::size_t of = text.find(kOf);
  if (of == std::string_view::npos) {
    return input_error(
        {}, fmt::format("within {} of what? Write it like \"within 6m of fault end\"", text));
  }
  TRY(const Duration length, parse_length(trim(text.substr(0, of))));
  TRY(const Duration origin, offset(text.substr(of + kOf.size())));
  TRY(const Duration end, in_run(origin + length, text));
  return TimeWindow{origin, end, {}};
}

Result<TimeWindow> RunTimes::during(std::string_view name) const {
  take_prefix(name, "the ");
  std::string_view bare = name;
  const Named* event = find(bare);
  std::optional<std::size_t> nth;
  if (event == nullptr && (nth = take_ordinal(bare))) event = find(bare);
  if (event == nullptr) return unknown_event(name);
  if (!nth) {
    return TimeWindow{event->occurrences.front().start, event->occurrences.back().end, {}};
  }
  TRY(const Duration start, this->event(name));
  TRY(const Duration end, this->event(std::string(name) + " end"));
  return TimeWindow{start, end, {}};
}

Result<TimeWindow> RunTimes::window(std::string_view text) const {
  std::string_view what = trim(text);
  const auto parse = [&]() -> Result<TimeWindow> {
    if (take_prefix(what, "within ")) return within(what);
    if (take_prefix(what, "during ")) return during(what);
    if (take_prefix(what, "from ")) {
      const std::size_t to = what.find(" to ");
      if (to == std::string_view::npos) {
        return input_error({}, "expected \" to \", as in \"from 5m to fault end\"");
      }
      return range(trim(what.substr(0, to)), trim(what.substr(to + 4)));
    }
    take_prefix(what, "at ");
    for (const std::string_view sign : {"±", "+-", "+/-"}) {
      const std::size_t at = what.find(sign);
      if (at == std::string_view::npos) continue;
      return around(trim(what.substr(0, at)), trim(what.substr(at + sign.size())));
    }
    if (const auto pair = split_range(what)) return range(pair->first, pair->second);
    TRY(const Duration at, offset(what));
    return TimeWindow{at, at, {}};
  };
  TRY(TimeWindow window, parse());
  window.text = std::string(trim(text));
  return window;
}

std::optional<Error> check_event_name(std::string_view name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == ' ' ||
           c == '-' || c == '_' || static_cast<unsigned char>(c) >= 0x80;
  };
  if (name.empty() || name.size() > 100 || starts_with_digit(name) || name.front() == ' ' ||
      name.back() == ' ' || !std::all_of(name.begin(), name.end(), fits)) {
    return input_error({},
                       fmt::format("\"{}\" cannot be a name: names are letters, digits, spaces, "
                                   "\"-\" and \"_\", and do not begin with a digit",
                                   name));
  }
  if (name == "traffic")
    return input_error({}, "\"traffic\" is all the traffic; choose another name");
  std::string_view rest = name;
  while (!rest.empty()) {
    const std::size_t space = std::min(rest.find(' '), rest.size());
    const std::string_view word = rest.substr(0, space);
    if (std::find(kReserved.begin(), kReserved.end(), word) != kReserved.end()) {
      return input_error(
          {}, fmt::format("\"{}\" cannot be a name: times are written with \"{}\"", name, word));
    }
    rest = trim(rest.substr(space));
  }
  return std::nullopt;
}

}  // namespace tocsin::scenario
