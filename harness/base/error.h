#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include <boost/system/result.hpp>

/// What can go wrong, as a value. Three kinds of trouble, three tools: what the system under test
/// does (refused, timed out, 503) is data in the evidence, never an Error; bad input and failures
/// of the outside world are an Error; a programmer's mistake is TOCSIN_CHECK (check.h).

namespace tocsin {

/// A place in a text. Line and column count from 1; 0 means unknown. Columns count characters (code
/// points), as editors do.
struct SourcePos {
  std::string file;
  int line = 0;
  int column = 0;

  bool operator==(const SourcePos&) const = default;
};

/// "file:line:column", leaving out what is unknown.
std::string to_string(const SourcePos& pos);

enum class ErrorKind {
  kInput,      ///< a file, flag or expression that cannot be accepted
  kIo,         ///< file or socket trouble
  kTimeout,    ///< a deadline passed
  kCancelled,  ///< somebody asked to stop
  kLimit,      ///< a documented bound was reached
};

struct Error {
  ErrorKind kind = ErrorKind::kInput;
  std::string message;                    ///< one sentence, no trailing dot, no position
  SourcePos pos = {};                     ///< where in the user's input, if anywhere
  int length = 1;                         ///< how many characters the caret line marks
  std::vector<std::string> hints = {};    ///< e.g. "did you mean \"rate\"?"
  std::vector<std::string> context = {};  ///< outermost last: "in rule group \"x\""
  std::string excerpt = {};               ///< the source line, when it is known
};

/// An input error at `pos`.
Error input_error(SourcePos pos, std::string message, int length = 1);
/// Trouble with the outside world.
Error io_error(std::string message);

/// The whole error as users see it, several lines, ending in a newline:
///
///     scenario.yaml:7:11: error: unknown unit "x" in "5x"
///         for: 5x
///              ^~
///       hint: durations are written like 30s, 5m or 1h30m
std::string render(const Error& error);
/// One line, for logs and test messages: "file:line:column: message".
std::string to_string(const Error& error);

template <class T>
using Result = boost::system::result<T, Error>;

/// The exception form, for failures that nobody in between can handle.
class TocsinError : public std::exception {
 public:
  explicit TocsinError(Error error);
  const char* what() const noexcept override { return text_.c_str(); }
  const Error& error() const { return error_; }

 private:
  Error error_;
  std::string text_;
};

/// Found by argument-dependent lookup from Result<T>::value().
[[noreturn]] void throw_exception_from_error(const Error& error,
                                             const boost::source_location& where);

/// Collects every problem of an input, so that all are shown in one go.
class Diagnostics {
 public:
  void add(Error error);
  void add(std::vector<Error> errors);
  bool ok() const { return errors_.empty(); }
  std::size_t size() const { return errors_.size(); }
  /// By file in order of first appearance, then line and column. At most kShown are kept.
  std::vector<Error> sorted() const;
  /// All of sorted(), rendered, and a last line that counts them.
  std::string render() const;

  static constexpr std::size_t kKept = 1000;

 private:
  std::vector<Error> errors_;
};

}  // namespace tocsin

#define TOCSIN_CONCAT_(a, b) a##b
#define TOCSIN_CONCAT(a, b) TOCSIN_CONCAT_(a, b)

/// TRY(auto x, f()): x = *f(), or return f()'s error from this function.
#define TRY(declaration, expression) \
  TRY_IMPL_(TOCSIN_CONCAT(try_, __LINE__), declaration, expression)
#define TRY_IMPL_(name, declaration, expression)        \
  auto name = (expression);                             \
  if (name.has_error()) return std::move(name).error(); \
  declaration = std::move(*name)

/// The same inside a coroutine.
#define CO_TRY(declaration, expression) \
  CO_TRY_IMPL_(TOCSIN_CONCAT(try_, __LINE__), declaration, expression)
#define CO_TRY_IMPL_(name, declaration, expression)        \
  auto name = (expression);                                \
  if (name.has_error()) co_return std::move(name).error(); \
  declaration = std::move(*name)

/// TRY_VOID(f()): for a Result<void>.
#define TRY_VOID(expression)                                                                    \
  do {                                                                                          \
    if (auto try_void = (expression); try_void.has_error()) return std::move(try_void).error(); \
  } while (false)
