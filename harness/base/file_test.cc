#include "harness/base/file.h"

#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "harness/base/scratch_folder.h"

namespace tocsin {
namespace {

class FileTest : public testing::Test {
 protected:
  std::string path(const std::string& name) const { return folder_.path(name); }
  std::size_t files() const {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path()))
      count += entry.exists();
    return count;
  }

  ScratchFolder folder_;
};

TEST_F(FileTest, WritesAndReadsBack) {
  const std::string bytes("a\0b\n", 4);
  ASSERT_TRUE(write_file_atomically(path("deep/er/x"), bytes).has_value());
  EXPECT_EQ(read_file(path("deep/er/x")).value(), bytes);
}

TEST_F(FileTest, ReplacesAWholeFileAndLeavesNoTemporary) {
  ASSERT_TRUE(write_file_atomically(path("x"), "old and long").has_value());
  ASSERT_TRUE(write_file_atomically(path("x"), "new").has_value());
  EXPECT_EQ(read_file(path("x")).value(), "new");
  EXPECT_EQ(files(), 1u);
}

TEST_F(FileTest, AFailedWriteLeavesNothing) {
  std::filesystem::create_directory(path("x"));
  const auto written = write_file_atomically(path("x"), "new");
  ASSERT_TRUE(written.has_error());
  EXPECT_EQ(written.error().kind, ErrorKind::kIo);
  EXPECT_NE(written.error().message.find(path("x")), std::string::npos);
  EXPECT_EQ(files(), 1u);
}

TEST_F(FileTest, DevicesAndPipesStayWhatTheyAre) {
  // A pipe, not /dev/full, so that a mistake costs nothing: the reader makes the writer's open
  // return.
  ASSERT_EQ(mkfifo(path("pipe").c_str(), 0600), 0);
  const int reader = open(path("pipe").c_str(), O_RDONLY | O_NONBLOCK);
  ASSERT_GE(reader, 0);
  ASSERT_TRUE(write_file_atomically(path("pipe"), "text").has_value());
  char got[8] = {};
  EXPECT_EQ(read(reader, got, sizeof got), 4);
  EXPECT_STREQ(got, "text");
  close(reader);
  EXPECT_TRUE(std::filesystem::is_fifo(path("pipe")));
}

TEST_F(FileTest, ALinkStaysAndItsTargetIsReplaced) {
  ASSERT_TRUE(write_file_atomically(path("target"), "old").has_value());
  std::filesystem::create_symlink("target", path("link"));
  ASSERT_TRUE(write_file_atomically(path("link"), "new").has_value());
  EXPECT_TRUE(std::filesystem::is_symlink(path("link")));
  EXPECT_EQ(read_file(path("target")).value(), "new");
  EXPECT_EQ(files(), 2u);
}

TEST_F(FileTest, SaysWhatCannotBeRead) {
  EXPECT_NE(read_file(path("none")).error().message.find("No such file"), std::string::npos);
  EXPECT_NE(read_file(folder_.path()).error().message.find("folder"), std::string::npos);
}

TEST_F(FileTest, ReadsNoMoreThanAllowed) {
  ASSERT_TRUE(write_file_atomically(path("x"), "12345").has_value());
  EXPECT_EQ(read_file(path("x"), 5).value(), "12345");
  EXPECT_EQ(read_file(path("x"), 4).error().kind, ErrorKind::kLimit);
  // Device files tell no size.
  EXPECT_EQ(read_file("/dev/zero", 1000).error().kind, ErrorKind::kLimit);
}

}  // namespace
}  // namespace tocsin
