#include <array>
#include <optional>

#include <fmt/format.h>

#include "harness/rules/go_text.h"
#include "harness/rules/template_executor.h"

namespace tocsin::rules::templates {
namespace {

using Args = std::span<const Value>;

struct TimeMethod {
  std::string_view name;
  Value (*body)(const GoTime& time);
};

std::string formatted(const GoTime& time, std::string_view layout) {
  return go_time_format(time.at, layout, {time.offset, time.zone});
}

/// A number that the layout prints.
template <char... layout>
Value number_of(const GoTime& time) {
  constexpr char kLayout[] = {layout..., '\0'};
  return static_cast<std::int64_t>(std::stol(formatted(time, kLayout)));
}
template <char... layout>
Value text_of(const GoTime& time) {
  constexpr char kLayout[] = {layout..., '\0'};
  return formatted(time, kLayout);
}

constexpr std::array<TimeMethod, 13> kTimeMethods = {{
    {"IsZero", [](const GoTime& time) { return Value(time.at == from_ms(-62'135'596'800'000)); }},
    {"String",
     [](const GoTime& time) {
       return Value(go_time(time.at, {time.offset, time.zone}));
     }},
    {"UTC", [](const GoTime& time) { return Value(GoTime{time.at}); }},
    {"Unix",
     [](const GoTime& time) {
       return Value(std::int64_t{
           std::chrono::floor<std::chrono::seconds>(time.at).time_since_epoch().count()});
     }},
    {"UnixMilli", [](const GoTime& time) { return Value(to_ms(time.at)); }},
    {"Year", number_of<'2', '0', '0', '6'>},
    {"Month", text_of<'J', 'a', 'n', 'u', 'a', 'r', 'y'>},
    {"Day", number_of<'2'>},
    {"Weekday", text_of<'M', 'o', 'n', 'd', 'a', 'y'>},
    {"Hour", number_of<'1', '5'>},
    {"Minute", number_of<'4'>},
    {"Second", number_of<'5'>},
    {"YearDay", number_of<'0', '0', '2'>},
}};

struct DurationMethod {
  std::string_view name;
  Value (*body)(std::chrono::nanoseconds length);
};

constexpr std::array<DurationMethod, 6> kDurationMethods = {{
    {"String", [](std::chrono::nanoseconds d) { return Value(go_duration(d)); }},
    {"Hours", [](std::chrono::nanoseconds d) { return Value(to_seconds(d) / 3600); }},
    {"Minutes", [](std::chrono::nanoseconds d) { return Value(to_seconds(d) / 60); }},
    {"Seconds", [](std::chrono::nanoseconds d) { return Value(to_seconds(d)); }},
    {"Milliseconds",
     [](std::chrono::nanoseconds d) { return Value(std::int64_t{d.count() / 1'000'000}); }},
    {"Nanoseconds", [](std::chrono::nanoseconds d) { return Value(std::int64_t{d.count()}); }},
}};

Result<Value> wrong_count(const std::string& name, std::size_t wanted, std::size_t got) {
  return problem(fmt::format("wrong number of args for {}: want {} got {}", name, wanted, got));
}

/// Two times compared, or the length between them; nullopt: another method.
std::optional<Result<Value>> of_two_times(const GoTime& time, const std::string& name, Args args) {
  if (name != "Sub" && name != "Before" && name != "After" && name != "Equal") return std::nullopt;
  if (args.size() != 1) return wrong_count(name, 1, args.size());
  const GoTime* other = args[0].as<GoTime>();
  if (other == nullptr) {
    return problem("wrong type for value; expected time.Time; got " + type_name(args[0]));
  }
  if (name == "Sub") return Result<Value>(Value(GoDuration{time.at - other->at}));
  if (name == "Before") return Result<Value>(Value(time.at < other->at));
  if (name == "After") return Result<Value>(Value(time.at > other->at));
  return Result<Value>(Value(time.at == other->at));
}

Result<Value> time_method(const GoTime& time, const std::string& name, Args args) {
  if (std::optional<Result<Value>> found = of_two_times(time, name, args)) return std::move(*found);
  if (name == "Format") {
    if (args.size() != 1) return wrong_count(name, 1, args.size());
    const std::string* layout = args[0].as<std::string>();
    if (layout == nullptr) {
      return problem("wrong type for value; expected string; got " + type_name(args[0]));
    }
    return Value(formatted(time, *layout));
  }
  if (name == "Add") {
    if (args.size() != 1) return wrong_count(name, 1, args.size());
    const GoDuration* length = args[0].as<GoDuration>();
    if (length == nullptr) {
      return problem("wrong type for value; expected time.Duration; got " + type_name(args[0]));
    }
    return Value(
        GoTime{time.at + std::chrono::floor<Duration>(length->length), time.offset, time.zone});
  }
  for (const TimeMethod& method : kTimeMethods) {
    if (method.name != name) continue;
    if (!args.empty()) return wrong_count(name, 0, args.size());
    return method.body(time);
  }
  return problem("can't evaluate field " + name + " in type *time.Time");
}

}  // namespace

bool has_methods(const Value& value) {
  return value.as<GoTime>() != nullptr || value.as<GoDuration>() != nullptr;
}

Result<Value> call_method(const Value& receiver, const std::string& name, Args args) {
  if (const GoTime* time = receiver.as<GoTime>()) return time_method(*time, name, args);
  for (const DurationMethod& method : kDurationMethods) {
    if (method.name != name) continue;
    if (!args.empty()) return wrong_count(name, 0, args.size());
    return method.body(receiver.as<GoDuration>()->length);
  }
  return problem("can't evaluate field " + name + " in type " + type_name(receiver));
}

}  // namespace tocsin::rules::templates
