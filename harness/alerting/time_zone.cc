#include "harness/alerting/time_zone.h"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <vector>

#include "harness/base/file.h"
#include "harness/rules/go_text.h"

/// The TZif format of RFC 8536: a list of transitions, and a rule in POSIX' TZ syntax for the time
/// after the last one.

namespace tocsin::alerting {
namespace {

constexpr std::size_t kLargestZone = 1 << 20;
constexpr std::int64_t kDaySeconds = 86400;

struct ZoneType {
  std::int64_t from_utc = 0;
  std::string abbreviation;
};

/// "M3.5.0/2": a day of each year and a time of it. Or a day by its number.
struct YearlyMoment {
  enum class Kind { kMonthWeekDay, kJulian, kZeroBased } kind = Kind::kMonthWeekDay;
  int month = 1;
  int week = 1;
  int day = 0;
  std::int64_t second = 7200;

  /// In the wall clock's time, as seconds since 1970.
  std::int64_t in(int year_number) const {
    using namespace std::chrono;
    const year y(year_number);
    if (kind != Kind::kMonthWeekDay) {
      const bool after_leap_day = kind == Kind::kJulian && y.is_leap() && day >= 60;
      const int offset = kind == Kind::kJulian ? day - 1 + (after_leap_day ? 1 : 0) : day;
      return seconds(sys_days(y / 1 / 1).time_since_epoch()).count() + offset * kDaySeconds +
             second;
    }
    const weekday wanted(static_cast<unsigned>(day));
    const std::chrono::month m(static_cast<unsigned>(month));
    const sys_days date = week == 5 ? sys_days(y / m / wanted[last])
                                    : sys_days(y / m / wanted[static_cast<unsigned>(week)]);
    return seconds(date.time_since_epoch()).count() + second;
  }
};

struct PosixRule {
  ZoneType standard;
  std::optional<ZoneType> daylight;
  YearlyMoment begin;
  YearlyMoment end;
};

class PosixReader {
 public:
  explicit PosixReader(std::string_view text) : text_(text) {}

  std::optional<PosixRule> run() {
    PosixRule rule;
    rule.standard = type_here(0);
    if (failed_) return std::nullopt;
    if (text_.empty()) return rule;
    rule.daylight = type_here(rule.standard.from_utc + 3600);
    if (!failed_ && take(',')) {
      rule.begin = moment();
      if (!take(',')) failed_ = true;
      rule.end = moment();
    } else {
      failed_ = true;  // a rule without its days is of no use
    }
    if (failed_ || !text_.empty()) return std::nullopt;
    return rule;
  }

 private:
  bool take(char c) {
    if (!text_.starts_with(c)) return false;
    text_.remove_prefix(1);
    return true;
  }
  int number() {
    int value = 0;
    bool any = false;
    while (!text_.empty() && text_[0] >= '0' && text_[0] <= '9' && value < 10000) {
      value = value * 10 + (text_[0] - '0');
      text_.remove_prefix(1);
      any = true;
    }
    failed_ = failed_ || !any;
    return value;
  }
  std::int64_t clock() {
    const bool negative = take('-');
    if (!negative) take('+');
    std::int64_t seconds = std::int64_t{3600} * number();
    if (take(':')) seconds += std::int64_t{60} * number();
    if (take(':')) seconds += number();
    return negative ? -seconds : seconds;
  }
  ZoneType type_here(std::int64_t otherwise) {
    const bool quoted = take('<');
    std::size_t length = 0;
    while (length < text_.size() &&
           (quoted ? text_[length] != '>'
                   : std::isalpha(static_cast<unsigned char>(text_[length])) != 0)) {
      ++length;
    }
    ZoneType type{otherwise, std::string(text_.substr(0, length))};
    text_.remove_prefix(length);
    if (quoted && !take('>')) failed_ = true;
    failed_ = failed_ || length == 0;
    if (!text_.empty() && text_[0] != ',' && !std::isalpha(static_cast<unsigned char>(text_[0])) &&
        text_[0] != '<') {
      type.from_utc = -clock();  // POSIX counts westwards
    }
    return type;
  }
  YearlyMoment moment() {
    YearlyMoment moment;
    if (take('M')) {
      moment.month = number();
      if (!take('.')) failed_ = true;
      moment.week = number();
      if (!take('.')) failed_ = true;
    } else {
      moment.kind = take('J') ? YearlyMoment::Kind::kJulian : YearlyMoment::Kind::kZeroBased;
    }
    moment.day = number();
    const bool in_range = moment.kind != YearlyMoment::Kind::kMonthWeekDay ||
                          (moment.month >= 1 && moment.month <= 12 && moment.week >= 1 &&
                           moment.week <= 5 && moment.day <= 6);
    failed_ = failed_ || !in_range;
    if (take('/')) moment.second = clock();
    return moment;
  }

  std::string_view text_;
  bool failed_ = false;
};

std::int64_t big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  const bool negative = !bytes.empty() && (static_cast<unsigned char>(bytes[0]) & 0x80U) != 0;
  if (negative) value = ~std::uint64_t{0};
  for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  return static_cast<std::int64_t>(value);
}

}  // namespace

struct TimeZone::Data {
  std::string name;
  std::vector<std::int64_t> transitions;  ///< seconds since 1970, ascending
  std::vector<std::uint8_t> types_after;  ///< one for each
  std::vector<ZoneType> types;            ///< the first holds before all transitions
  std::optional<PosixRule> rule;          ///< after them

  ZoneType type_at(std::int64_t second) const {
    const auto after = std::upper_bound(transitions.begin(), transitions.end(), second);
    if (after == transitions.end() && rule) return type_by_rule(second);
    if (after == transitions.begin()) return types.front();
    return types[types_after[static_cast<std::size_t>(after - transitions.begin()) - 1]];
  }

  ZoneType type_by_rule(std::int64_t second) const {
    if (!rule->daylight) return rule->standard;
    using namespace std::chrono;
    const sys_seconds local{seconds(second + rule->standard.from_utc)};
    const int year = static_cast<int>(year_month_day(floor<days>(local)).year());
    const std::int64_t begin = rule->begin.in(year)-rule->standard.from_utc;
    const std::int64_t end = rule->end.in(year)-rule->daylight->from_utc;
    const bool daylight =
        begin < end ? second >= begin && second < end : second >= begin || second < end;
    return daylight ? *rule->daylight : rule->standard;
  }
};

namespace {

/// One data block of a TZif file.
class ZoneBlock {
 public:
  ZoneBlock(std::string_view bytes, std::size_t time_size) : bytes_(bytes), time_size_(time_size) {
    if (bytes.size() < kHeader || !bytes.starts_with("TZif")) return;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      counts_[i] = static_cast<std::size_t>(
          big_endian(std::string(1, '\0') + std::string(bytes.substr(20 + 4 * i, 4))));
      if (counts_[i] > kLargestZone) return;
    }
    size_ = kHeader + times() * (time_size + 1) + types() * 6 + letters() +
            counts_[kLeap] * (time_size + 4) + counts_[kStandard] + counts_[kUt];
    ok_ = size_ <= bytes.size() && types() > 0;
  }

  bool ok() const { return ok_; }
  std::size_t size() const { return size_; }
  std::size_t times() const { return counts_[kTime]; }
  std::size_t types() const { return counts_[kType]; }

  std::int64_t transition(std::size_t i) const {
    return big_endian(bytes_.substr(kHeader + i * time_size_, time_size_));
  }
  std::uint8_t type_after(std::size_t i) const {
    return static_cast<std::uint8_t>(bytes_[kHeader + times() * time_size_ + i]);
  }
  ZoneType type(std::size_t i) const {
    const std::size_t at = kHeader + times() * (time_size_ + 1) + i * 6;
    const std::string_view names =
        bytes_.substr(kHeader + times() * (time_size_ + 1) + types() * 6, letters());
    const auto name_at = static_cast<unsigned char>(bytes_[at + 5]);
    std::string_view name = name_at < names.size() ? names.substr(name_at) : std::string_view();
    return {big_endian(bytes_.substr(at, 4)), std::string(name.substr(0, name.find('\0')))};
  }

 private:
  enum { kUt, kStandard, kLeap, kTime, kType, kLetter };
  static constexpr std::size_t kHeader = 44;
  std::size_t letters() const { return counts_[kLetter]; }

  std::string_view bytes_;
  std::size_t time_size_;
  std::array<std::size_t, 6> counts_{};
  std::size_t size_ = 0;
  bool ok_ = false;
};

Result<std::string> zone_file(const std::string& name) {
  std::vector<std::string> folders = {"/usr/share/zoneinfo/", "/usr/share/lib/zoneinfo/",
                                      "/usr/lib/locale/TZ/", "/etc/zoneinfo/"};
  if (const char* own = std::getenv("ZONEINFO"))
    folders.insert(folders.begin(), std::string(own) + '/');
  for (const std::string& folder : folders) {
    Result<std::string> bytes = read_file(folder + name, kLargestZone);
    if (bytes.has_value()) return bytes;
  }
  return input_error({}, "unknown time zone " + name);
}

}  // namespace

Result<TimeZone> TimeZone::parse(std::string name, std::string_view tzif) {
  const Error bad = input_error({}, "malformed time zone information of " + name);
  ZoneBlock block(tzif, 4);
  if (!block.ok()) return bad;
  std::string_view rest = tzif.substr(block.size());
  if (tzif[4] >= '2') {
    block = ZoneBlock(rest, 8);
    if (!block.ok()) return bad;
    rest.remove_prefix(block.size());
  }
  auto data = std::make_shared<Data>();
  data->name = std::move(name);
  for (std::size_t i = 0; i < block.types(); ++i) data->types.push_back(block.type(i));
  for (std::size_t i = 0; i < block.times(); ++i) {
    data->transitions.push_back(block.transition(i));
    data->types_after.push_back(block.type_after(i));
    if (data->types_after.back() >= data->types.size()) return bad;
  }
  if (!std::is_sorted(data->transitions.begin(), data->transitions.end())) return bad;
  if (rest.starts_with('\n') && rest.ends_with('\n') && rest.size() > 2) {
    data->rule = PosixReader(rest.substr(1, rest.size() - 2)).run();
  }
  TimeZone zone;
  zone.data_ = std::move(data);
  return zone;
}

Result<TimeZone> TimeZone::load(std::string_view name) {
  if (name.empty() || name == "UTC") return TimeZone();
  const std::string text(name);
  if (name == "Local") {
    const char* own = std::getenv("TZ");
    if (own != nullptr && std::string_view(own).empty()) return TimeZone();
    if (own != nullptr) {
      const std::string_view zone(own);
      return load(zone.starts_with(':') ? zone.substr(1) : zone);
    }
    const Result<std::string> bytes = read_file("/etc/localtime", kLargestZone);
    return bytes.has_value() ? parse(text, *bytes) : TimeZone();
  }
  const bool outside = name.find("..") != std::string_view::npos || name.starts_with('/') ||
                       name.find('\\') != std::string_view::npos;
  if (outside) return input_error({}, "time: invalid location name");
  TRY(const std::string bytes, zone_file(text));
  return parse(text, bytes);
}

const std::string& TimeZone::name() const {
  static const std::string utc = "UTC";
  return data_ ? data_->name : utc;
}

TimeZone::Offset TimeZone::offset_at(Timestamp at) const {
  if (!data_) return {};
  const auto second = std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count();
  ZoneType type = data_->type_at(second);
  return {std::chrono::seconds(type.from_utc), std::move(type.abbreviation)};
}

}  // namespace tocsin::alerting
