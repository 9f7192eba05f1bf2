#include "harness/cli/terminal.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <fmt/format.h>

#include "harness/base/utf8.h"

namespace tocsin::cli {
namespace {

constexpr int kBarWidth = 24;

std::size_t terminal_width(int stream) {
  winsize size{};
  if (ioctl(stream, TIOCGWINSZ, &size) != 0 || size.ws_col < 20) return 80;
  return size.ws_col;
}

bool is_terminal(int stream) {
  const char* kind = std::getenv("TERM");
  return isatty(stream) != 0 && (kind == nullptr || std::string_view(kind) != "dumb");
}

/// Why the first print() that failed did; 0: none did.
std::atomic<int> print_trouble{0};

}  // namespace

void open_standard_streams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    // open() takes the lowest free number, which is `stream`.
    if (fcntl(stream, F_GETFD) < 0) open("/dev/null", stream == STDIN_FILENO ? O_RDONLY : O_WRONLY);
  }
}

bool colour_wanted() {
  const char* no_colour = std::getenv("NO_COLOR");
  return is_terminal(STDOUT_FILENO) && (no_colour == nullptr || *no_colour == '\0');
}

std::size_t output_width() {
  return terminal_width(STDOUT_FILENO);
}

void print(std::string_view text) {
  if (print_trouble != 0) return;
  const bool good =
      std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
  if (!good) print_trouble = errno;
}

void complain(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
}

Result<void> all_printed() {
  if (print_trouble == 0 || print_trouble == EPIPE) return {};
  return io_error(std::string("cannot write to stdout: ") + std::strerror(print_trouble));
}

ProgressBar::ProgressBar() : terminal_(is_terminal(STDERR_FILENO)) {}

ProgressBar::~ProgressBar() {
  clear();
}

void ProgressBar::show(std::string_view title, Duration elapsed, Duration planned,
                       std::string_view details) {
  if (!terminal_) return;
  const double share = planned.count() > 0 ? static_cast<double>(elapsed.count()) /
                                                 static_cast<double>(planned.count())
                                           : 0;
  const int filled = static_cast<int>(std::clamp(share, 0.0, 1.0) * kBarWidth);
  std::string bar;
  for (int i = 0; i < kBarWidth; ++i) bar += i < filled ? "█" : "░";
  const auto whole_seconds = [](Duration d) {
    return format_duration(std::chrono::floor<std::chrono::seconds>(d));
  };
  const std::string line = fmt::format("{} {} {} of {}  {}", printable(title), bar,
                                       whole_seconds(elapsed), whole_seconds(planned), details);
  // A line that wraps could not be overwritten.
  std::string shown;
  std::size_t width = 0;
  for (const std::string_view character : utf8_characters(line)) {
    if (++width >= terminal_width(STDERR_FILENO)) break;
    shown += character;
  }
  complain("\r\x1b[K" + shown);
  shown_ = true;
}

void ProgressBar::clear() {
  if (shown_) complain("\r\x1b[K");
  shown_ = false;
}

}  // namespace tocsin::cli
