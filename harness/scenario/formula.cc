#include "harness/scenario/formula.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "harness/base/utf8.h"

/// A formula is parsed by recursive descent into a postfix program, which evaluation and the check
/// of dimensions run on a small stack.

namespace tocsin::scenario {
namespace {

enum class Op : std::uint8_t {
  kConstant,
  kSignal,
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kNegate,
  kMin,
  kMax,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kEqual,
  kNotEqual,
  kAnd,
  kOr,
  kNot,
};

struct Instruction {
  Op op = Op::kConstant;
  std::uint32_t at = 0;  ///< byte in the text
  Quantity constant = {};
  std::size_t signal = 0;
};

constexpr std::size_t kLongestFormula = 4096;
constexpr int kDeepestFormula = 32;
/// Each level of nesting keeps at most a left operand for each of the binary operators' ranks.
constexpr std::size_t kStackSize = 8 * static_cast<std::size_t>(kDeepestFormula);

constexpr std::array<std::string_view, 6> kWords = {"and", "or", "not", "min", "max", "clamp"};

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

int operands(Op op) {
  if (op == Op::kConstant || op == Op::kSignal) return 0;
  return op == Op::kNegate || op == Op::kNot ? 1 : 2;
}

/// Line and column of a byte of the text.
SourcePos place(std::string_view text, std::size_t at) {
  const std::string_view before = text.substr(0, at);
  const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  return {"", static_cast<int>(std::count(before.begin(), before.end(), '\n')) + 1,
          static_cast<int>(utf8_length(before.substr(line_start))) + 1};
}

double apply(Op op, double a, double b) {
  switch (op) {
    case Op::kAdd:
      return a + b;
    case Op::kSubtract:
      return a - b;
    case Op::kMultiply:
      return a * b;
    case Op::kDivide:
      return b == 0 ? 0 : a / b;
    case Op::kMin:
      return std::min(a, b);
    case Op::kMax:
      return std::max(a, b);
    case Op::kLess:
      return a < b;
    case Op::kLessEqual:
      return a <= b;
    case Op::kGreater:
      return a > b;
    case Op::kGreaterEqual:
      return a >= b;
    case Op::kEqual:
      return a == b;
    case Op::kNotEqual:
      return a != b;
    case Op::kAnd:
      return a != 0 && b != 0;
    case Op::kOr:
      return a != 0 || b != 0;
    default:
      return 0;
  }
}

}  // namespace

struct Formula::Impl {
  std::string text;
  std::vector<std::string> signals;
  std::vector<Instruction> program;

  /// `value_of(i)`: the value of signals[i].
  template <class ValueOf>
  double run(ValueOf value_of) const {
    std::array<double, kStackSize> stack;
    std::size_t top = 0;
    for (const Instruction& step : program) {
      switch (operands(step.op)) {
        case 0:
          stack[top++] = step.op == Op::kConstant ? step.constant.value : value_of(step.signal);
          break;
        case 1:
          stack[top - 1] = step.op == Op::kNegate ? -stack[top - 1] : stack[top - 1] == 0;
          break;
        default:
          --top;
          stack[top - 1] = apply(step.op, stack[top - 1], stack[top]);
      }
    }
    return stack[0];
  }
};

namespace {

class FormulaParser {
 public:
  FormulaParser(std::string_view text, std::vector<std::string>& signals,
                std::vector<Instruction>& program)
      : text_(text), signals_(signals), program_(program) {}

  Result<void> parse() {
    TRY_VOID(disjunction());
    skip_space();
    if (at_ < text_.size()) return unexpected("an operator");
    return {};
  }

 private:
  Error error(std::size_t at, std::string message) const {
    return input_error(place(text_, at), std::move(message));
  }

  Error unexpected(std::string_view wanted) const {
    if (at_ >= text_.size()) return error(at_, fmt::format("expected {} at the end", wanted));
    std::string_view found = text_.substr(at_);
    found = found.substr(0, utf8_characters(found.substr(0, 4)).front().size());
    return error(at_, fmt::format("expected {}, not \"{}\"", wanted, found));
  }

  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t')) {
      ++at_;
    }
  }

  bool take(std::string_view symbol) {
    skip_space();
    if (!text_.substr(at_).starts_with(symbol)) return false;
    at_ += symbol.size();
    return true;
  }

  bool take_word(std::string_view word) {
    skip_space();
    if (name() != word) return false;
    at_ += word.size();
    return true;
  }

  /// The name that begins here; may be empty.
  std::string_view name() const {
    std::size_t end = at_;
    while (end < text_.size() &&
           (is_letter(text_[end]) || (end > at_ && (is_digit(text_[end]) || text_[end] == '.')))) {
      ++end;
    }
    return text_.substr(at_, end - at_);
  }

  void emit(Op op, std::size_t at) {
    program_.push_back({.op = op, .at = static_cast<std::uint32_t>(at)});
  }

  Result<void> disjunction() {
    if (++depth_ > kDeepestFormula) return error(at_, "nested too deeply");
    TRY_VOID(conjunction());
    while (true) {
      const std::size_t at = at_;
      if (!take_word("or")) break;
      TRY_VOID(conjunction());
      emit(Op::kOr, at);
    }
    --depth_;
    return {};
  }

  Result<void> conjunction() {
    TRY_VOID(negation());
    while (true) {
      const std::size_t at = at_;
      if (!take_word("and")) return {};
      TRY_VOID(negation());
      emit(Op::kAnd, at);
    }
  }

  Result<void> negation() {
    skip_space();
    const std::size_t at = at_;
    if (!take_word("not")) return comparison();
    if (++depth_ > kDeepestFormula) return error(at_, "nested too deeply");
    TRY_VOID(negation());
    emit(Op::kNot, at);
    --depth_;
    return {};
  }

  std::optional<Op> take_comparison() {
    // The longer ones first.
    if (take("<=")) return Op::kLessEqual;
    if (take(">=")) return Op::kGreaterEqual;
    if (take("==")) return Op::kEqual;
    if (take("!=")) return Op::kNotEqual;
    if (take("<")) return Op::kLess;
    if (take(">")) return Op::kGreater;
    return std::nullopt;
  }

  Result<void> comparison() {
    TRY_VOID(sum());
    skip_space();
    const std::size_t at = at_;
    const auto op = take_comparison();
    if (!op) return {};
    TRY_VOID(sum());
    emit(*op, at);
    skip_space();
    const std::size_t next = at_;
    if (take_comparison()) return error(next, "comparisons do not chain; join them with \"and\"");
    return {};
  }

  Result<void> sum() {
    TRY_VOID(product());
    while (true) {
      skip_space();
      const std::size_t at = at_;
      const bool plus = take("+");
      if (!plus && !take("-")) return {};
      TRY_VOID(product());
      emit(plus ? Op::kAdd : Op::kSubtract, at);
    }
  }

  Result<void> product() {
    TRY_VOID(unary());
    while (true) {
      skip_space();
      const std::size_t at = at_;
      const bool times = take("*");
      if (!times && !take("/")) return {};
      TRY_VOID(unary());
      emit(times ? Op::kMultiply : Op::kDivide, at);
    }
  }

  Result<void> unary() {
    skip_space();
    const std::size_t at = at_;
    if (!take("-")) return primary();
    if (++depth_ > kDeepestFormula) return error(at_, "nested too deeply");
    TRY_VOID(unary());
    emit(Op::kNegate, at);
    --depth_;
    return {};
  }

  Result<void> primary() {
    skip_space();
    if (take("(")) {
      TRY_VOID(disjunction());
      if (!take(")")) return unexpected("\")\"");
      return {};
    }
    if (at_ < text_.size() && (is_digit(text_[at_]) || text_[at_] == '.')) return number();
    const std::size_t at = at_;
    const std::string_view word = name();
    if (word.empty()) return unexpected("a number or a signal");
    at_ += word.size();
    if (take("(")) return call(word, at);
    if (!is_signal_name(word)) {
      return error(at, fmt::format("expected a signal's name, not \"{}\"", word));
    }
    signal(word, at);
    return {};
  }

  void signal(std::string_view word, std::size_t at) {
    const auto known = std::find(signals_.begin(), signals_.end(), word);
    emit(Op::kSignal, at);
    program_.back().signal = static_cast<std::size_t>(known - signals_.begin());
    if (known == signals_.end()) signals_.emplace_back(word);
  }

  /// Digits and letters ("1h30m", "1e6", "2GiB"), a sign in an exponent, then "%" or a rate's "/s".
  Result<void> number() {
    const std::size_t begin = at_;
    const auto is_exponent_sign = [&](std::size_t i) {
      const char before = i > begin ? text_[i - 1] : '\0';
      return (text_[i] == '+' || text_[i] == '-') && (before == 'e' || before == 'E') &&
             i + 1 < text_.size() && is_digit(text_[i + 1]);
    };
    while (at_ < text_.size() &&
           (is_digit(text_[at_]) || is_letter(text_[at_]) || text_[at_] == '.' ||
            static_cast<unsigned char>(text_[at_]) >= 0x80 || is_exponent_sign(at_))) {
      ++at_;
    }
    if (at_ < text_.size() && text_[at_] == '%') {
      ++at_;
    } else if (at_ + 1 < text_.size() && text_[at_] == '/' &&
               std::string_view("smh").find(text_[at_ + 1]) != std::string_view::npos &&
               (at_ + 2 == text_.size() || !(is_letter(text_[at_ + 2]) ||
                                             is_digit(text_[at_ + 2]) || text_[at_ + 2] == '.'))) {
      at_ += 2;
    }
    const auto quantity = parse_quantity(text_.substr(begin, at_ - begin));
    if (quantity.has_error()) {
      Error wrong = quantity.error();
      wrong.pos = place(text_, begin);
      wrong.length = static_cast<int>(utf8_length(text_.substr(begin, at_ - begin)));
      return wrong;
    }
    emit(Op::kConstant, begin);
    program_.back().constant = *quantity;
    return {};
  }

  Result<void> call(std::string_view function, std::size_t at) {
    if (function != "min" && function != "max" && function != "clamp") {
      Error wrong = error(at, fmt::format("there is no function \"{}\"", function));
      wrong.length = static_cast<int>(function.size());
      wrong.hints.emplace_back("functions are min(a, b, …), max(a, b, …) and clamp(x, low, high)");
      return wrong;
    }
    int arguments = 0;
    do {
      TRY_VOID(disjunction());
      ++arguments;
      // clamp(x, low, high) is min(max(x, low), high).
      if (arguments == 1) continue;
      const bool to_max = function == "max" || (function == "clamp" && arguments == 2);
      emit(to_max ? Op::kMax : Op::kMin, at);
    } while (take(","));
    if (!take(")")) return unexpected("\",\" or \")\"");
    if (function == "clamp" && arguments != 3) {
      return error(at, "clamp takes three arguments: clamp(x, low, high)");
    }
    return {};
  }

  std::string_view text_;
  std::vector<std::string>& signals_;
  std::vector<Instruction>& program_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

bool is_plain(Dimension d) {
  return d == Dimension::kNumber;
}

/// A share scales whatever it multiplies.
bool scales(Dimension d) {
  return d == Dimension::kNumber || d == Dimension::kRatio;
}

Dimension product_of(Op op, Dimension a, Dimension b) {
  if (op == Op::kDivide) {
    if (a == b) return Dimension::kNumber;
    return scales(b) ? a : Dimension::kNumber;
  }
  if (is_plain(a)) return b;
  if (is_plain(b)) return a;
  if (scales(a)) return b;
  return scales(b) ? a : Dimension::kNumber;
}

}  // namespace

Result<Formula> Formula::parse(std::string_view text) {
  if (text.size() > kLongestFormula) {
    return input_error({}, fmt::format("longer than {} bytes", kLongestFormula));
  }
  auto impl = std::make_shared<Impl>();
  impl->text = std::string(text);
  TRY_VOID(FormulaParser(text, impl->signals, impl->program).parse());
  return Formula(std::move(impl));
}

Formula Formula::constant(double value) {
  auto impl = std::make_shared<Impl>();
  impl->text = format_number(value);
  impl->program.push_back({.constant = {value, Dimension::kNumber}});
  return Formula(std::move(impl));
}

const std::string& Formula::text() const {
  return impl_->text;
}

const std::vector<std::string>& Formula::signals() const {
  return impl_->signals;
}

SourcePos Formula::place_of(std::size_t signal) const {
  for (const Instruction& step : impl_->program) {
    if (step.op == Op::kSignal && step.signal == signal) return place(impl_->text, step.at);
  }
  return {};
}

std::optional<double> Formula::constant_value() const {
  if (!impl_->signals.empty()) return std::nullopt;
  return evaluate(nullptr);
}

double Formula::evaluate(const std::function<double(std::string_view)>& value_of) const {
  return impl_->run([&](std::size_t i) { return value_of(impl_->signals[i]); });
}

double Formula::evaluate(const double* values) const {
  return impl_->run([&](std::size_t i) { return values[i]; });
}

Result<Dimension> Formula::dimension(
    const std::function<Dimension(std::string_view)>& dimension_of) const {
  std::vector<Dimension> stack;
  for (const Instruction& step : impl_->program) {
    if (operands(step.op) == 0) {
      const bool constant = step.op == Op::kConstant;
      stack.push_back(constant ? step.constant.dimension
                               : dimension_of(impl_->signals[step.signal]));
      continue;
    }
    if (step.op == Op::kNegate) continue;
    if (step.op == Op::kNot) {
      stack.back() = Dimension::kNumber;
      continue;
    }
    const Dimension b = stack.back();
    stack.pop_back();
    Dimension& a = stack.back();
    if (step.op == Op::kMultiply || step.op == Op::kDivide) {
      a = product_of(step.op, a, b);
    } else if (step.op == Op::kAnd || step.op == Op::kOr) {
      a = Dimension::kNumber;
    } else {
      // Plain numbers go with anything: a threshold may have no unit.
      if (a != b && !is_plain(a) && !is_plain(b)) {
        return input_error(
            place(impl_->text, step.at),
            fmt::format("a {} and a {} cannot be added or compared", to_string(a), to_string(b)));
      }
      const bool compares = step.op >= Op::kLess && step.op <= Op::kNotEqual;
      a = compares ? Dimension::kNumber : is_plain(a) ? b : a;
    }
  }
  return stack.back();
}

bool is_signal_name(std::string_view name) {
  if (name.empty() || !is_letter(name.front()) || name.back() == '.') return false;
  if (name.find("..") != std::string_view::npos) return false;
  const auto fits = [](char c) { return is_letter(c) || is_digit(c) || c == '.'; };
  return std::all_of(name.begin(), name.end(), fits) &&
         std::find(kWords.begin(), kWords.end(), name) == kWords.end();
}

}  // namespace tocsin::scenario
