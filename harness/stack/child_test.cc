#include "harness/stack/child.h"

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/clock.h"
#include "harness/base/file.h"
#include "harness/base/scratch_folder.h"
#include "harness/stack/program.h"
#include "harness/stack/run_folder.h"

namespace tocsin::stack {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;

constexpr auto kPatience = seconds(20);

bool exists(pid_t pid) {
  return ::kill(pid, 0) == 0;
}

void wait_until(const std::function<bool()>& condition) {
  const Nanos deadline = system_clock().monotonic() + kPatience;
  while (!condition()) {
    ASSERT_LT(system_clock().monotonic(), deadline);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

class ChildTest : public testing::Test {
 protected:
  ChildOptions shell(const std::string& script) {
    return {"sh", "/bin/sh", {"-c", script}, folder_.path("log"), {}};
  }
  void wait_for_log(const Child& child, const std::string& text) {
    wait_until([&] { return child.last_lines().find(text) != std::string::npos; });
  }

  ScratchFolder folder_;
};

TEST_F(ChildTest, SaysHowItEndedAndWhat) {
  Child child = Child::start(shell("echo one; echo two >&2; exit 3")).value();
  wait_until([&] { return child.ended().has_value(); });
  EXPECT_EQ(to_string(*child.ended()), "exit code 3");
  EXPECT_EQ(child.last_lines(), "one | two");
  EXPECT_EQ(child.last_lines(1), "two");
  EXPECT_FALSE(exists(child.pid()));
}

TEST_F(ChildTest, OwnWordsAreTheTrouble) {
  const auto words = [&](const std::string& script) {
    std::filesystem::remove(folder_.path("log"));
    Child child = Child::start(shell(script)).value();
    wait_until([&] { return child.ended().has_value(); });
    return child.own_words(2);
  };
  EXPECT_EQ(
      words("echo level=info msg=starting; echo 'ts=1 caller=a.go:1 level=error msg=bad err=x';"
            "echo usage: none; echo level=info msg=bye"),
      "msg=bad err=x | usage: none");
  EXPECT_EQ(words("echo one; echo panic: gone; echo; echo goroutine 1; echo main.go"),
            "panic: gone");
  EXPECT_EQ(words("echo level=info msg=a; echo level=info msg=b; echo level=info msg=c"),
            "level=info msg=b | level=info msg=c");
}

TEST_F(ChildTest, WhatCannotStartIsAnError) {
  ChildOptions options = shell("");
  options.program = folder_.path("nothing");
  const auto child = Child::start(options);
  EXPECT_EQ(child.error().message,
            "cannot start " + options.program + ": No such file or directory");
  options = shell("");
  options.log = folder_.path("no/folder/log");
  EXPECT_THAT(Child::start(options).error().message, HasSubstr("cannot write"));
}

TEST_F(ChildTest, EndsWhenAsked) {
  Child child = Child::start(shell("trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.01;"
                                   "done"))
                    .value();
  wait_for_log(child, "up");
  EXPECT_EQ(to_string(child.stop(kPatience)), "exit code 0");
  EXPECT_THAT(child.last_lines(), HasSubstr("bye"));
}

TEST_F(ChildTest, IsKilledWithItsOwnChildrenWhenItDoesNotEnd) {
  Child child =
      Child::start(shell("trap '' TERM; sleep 1000 & echo $!; wait; while :; do sleep 1; done"))
          .value();
  pid_t grandchild = 0;
  wait_until([&] { return std::sscanf(child.last_lines().c_str(), "%d", &grandchild) == 1; });
  EXPECT_EQ(child.stop(std::chrono::milliseconds(50)).signal, SIGKILL);
  EXPECT_FALSE(exists(child.pid()));
  wait_until([&] {
    std::ifstream stat("/proc/" + std::to_string(grandchild) + "/stat");
    std::string state;
    stat >> state >> state >> state;
    return !stat || state == "Z";
  });
}

TEST_F(ChildTest, GoesWithItsOwner) {
  pid_t pid = 0;
  {
    Child child = Child::start(shell("sleep 1000")).value();
    Child moved = std::move(child);
    pid = moved.pid();
    EXPECT_TRUE(exists(pid));
  }
  EXPECT_FALSE(exists(pid));
}

TEST_F(ChildTest, InheritsNoDescriptors) {
  constexpr int kHigh = 77;
  const FileDescriptor open(::dup2(STDERR_FILENO, kHigh));  // without close-on-exec
  Child child = Child::start(shell("ls /proc/self/fd")).value();
  wait_until([&] { return child.ended().has_value(); });
  EXPECT_THAT(child.last_lines(20), testing::StartsWith("0 | 1 | 2"));
  EXPECT_THAT(child.last_lines(20), testing::Not(HasSubstr("77")));
}

/// A process that is killed without warning leaves no child and no folder.
TEST_F(ChildTest, NothingIsLeftOfAKilledOwner) {
  const std::string report = folder_.path("report");
  const pid_t owner = ::fork();
  ASSERT_GE(owner, 0);
  if (owner == 0) {
    RunFolder folder = RunFolder::make().value();
    Child child = Child::start(shell("sleep 1000")).value();
    std::ofstream(report + ".new") << child.pid() << ' ' << folder.path() << '\n';
    std::filesystem::rename(report + ".new", report);
    while (true) ::pause();
  }
  wait_until([&] { return std::filesystem::exists(report); });
  pid_t pid = 0;
  std::string path;
  std::ifstream(report) >> pid >> path;
  EXPECT_TRUE(exists(pid));
  EXPECT_TRUE(std::filesystem::exists(path));
  ::kill(owner, SIGKILL);
  ::waitpid(owner, nullptr, 0);
  wait_until([&] { return !std::filesystem::exists(path); });
  // Whoever adopts it may be slow to collect it.
  wait_until([&] {
    std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
    std::string state;
    stat >> state >> state >> state;
    return !stat || state == "Z";
  });
}

TEST(RunFolder, GoesWithItsOwnerUnlessKept) {
  std::string gone;
  std::string kept;
  {
    const RunFolder one = RunFolder::make().value();
    RunFolder other = RunFolder::make().value();
    other.keep();
    gone = one.path();
    kept = other.path();
    std::ofstream(one.path("file")) << "x";
    std::ofstream(other.path("file")) << "x";
  }
  EXPECT_FALSE(std::filesystem::exists(gone));
  EXPECT_TRUE(std::filesystem::exists(kept + "/file"));
  std::filesystem::remove_all(kept);
}

TEST(Program, ReadsVersions) {
  EXPECT_EQ(version_in("prometheus, version 2.42.0+ds (branch: x, revision: y)\n  build"),
            "2.42.0+ds");
  EXPECT_EQ(version_in("something else\nversion 3"), "");
  EXPECT_EQ(version_numbers("2.42.0+ds"), std::pair(2, 42));
  EXPECT_EQ(version_numbers("v0.33.1"), std::pair(0, 33));
  EXPECT_EQ(version_numbers("dev"), std::pair(0, 0));
}

TEST(Program, MissingOnesAreNamedWithTheirPackage) {
  const auto absent = find_program(ProgramKind::kPrometheus, "/no/such/prometheus");
  EXPECT_EQ(absent.error().message,
            "--prometheus-bin /no/such/prometheus: there is no such program");
  const auto wrong = find_program(ProgramKind::kAlertmanager, "/bin/echo");
  EXPECT_THAT(wrong.error().message,
              HasSubstr("/bin/echo is no Alertmanager: asked for its version it says"));
  ::setenv("PATH", "/no/such/folder", 1);
  const auto nowhere = find_program(ProgramKind::kAlertmanager, "");
  EXPECT_EQ(nowhere.error().message,
            "Alertmanager is not installed: no prometheus-alertmanager or alertmanager in PATH");
  EXPECT_EQ(
      nowhere.error().hints.front(),
      "Debian's package is prometheus-alertmanager; --alertmanager-bin names a file elsewhere");
}

}  // namespace
}  // namespace tocsin::stack
