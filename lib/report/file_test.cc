#include "report/file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace portillon::report {
namespace {

namespace fs = std::filesystem;

class File : public ::testing::Test {
protected:
    void SetUp() override {
        std::string name = (fs::temp_directory_path() / "portillon_file_XXXXXX").string();
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        folder_ = name;
    }
    void TearDown() override { fs::remove_all(folder_); }

    std::string at(const char* name) const { return (folder_ / name).string(); }
    std::size_t entries() const {
        return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder_), fs::directory_iterator{}));
    }

    fs::path folder_;
};

TEST_F(File, IsReplacedWhole) {
    EXPECT_FALSE(write_file(at("a"), "first, and longer"));
    EXPECT_FALSE(write_file(at("a"), "second"));
    EXPECT_EQ(read_file(at("a")).value(), "second");
    EXPECT_EQ(entries(), 1U);
}

TEST_F(File, KeepsItsPermissions) {
    ASSERT_FALSE(write_file(at("a"), "1"));
    ASSERT_EQ(::chmod(at("a").c_str(), 0640), 0);
    ASSERT_FALSE(write_file(at("a"), "2"));
    EXPECT_EQ(fs::status(at("a")).permissions(), fs::perms(0640));
}

TEST_F(File, IsWrittenBehindASymbolicLink) {
    ASSERT_FALSE(write_file(at("a"), "1"));
    fs::create_symlink("a", at("link"));
    EXPECT_FALSE(write_file(at("link"), "2"));
    EXPECT_TRUE(fs::is_symlink(at("link")));
    EXPECT_EQ(read_file(at("a")).value(), "2");
}

TEST_F(File, LeavesTheOldOneWhenItCannotBeWritten) {
    EXPECT_TRUE(write_file(at("missing/a"), "text"));
    EXPECT_TRUE(write_file(folder_.string(), "text"));
    EXPECT_EQ(entries(), 0U);
}

// Pipes are tried before any real device: a mistake of write_file(), run as root, would replace the device.
TEST_F(File, WritesIntoPipesAndDevicesWithoutReplacingThem) {
    ASSERT_EQ(::mkfifo(at("pipe").c_str(), 0600), 0);
    const int reader = ::open(at("pipe").c_str(), O_RDONLY | O_NONBLOCK);
    ASSERT_GE(reader, 0);
    EXPECT_FALSE(write_file(at("pipe"), "through the pipe"));
    char got[32] = {};
    EXPECT_EQ(::read(reader, got, sizeof got), 16);
    EXPECT_STREQ(got, "through the pipe");
    ::close(reader);
    ASSERT_TRUE(fs::is_fifo(at("pipe")));

    EXPECT_FALSE(write_file("/dev/null", "text"));
    EXPECT_TRUE(fs::is_character_file("/dev/null"));
    // This device behaves like a full disk.
    EXPECT_EQ(write_file("/dev/full", "text"), error_code(ENOSPC, boost::system::system_category()));
    EXPECT_TRUE(fs::is_character_file("/dev/full"));
}

TEST_F(File, WritesIntoTheDescriptorThatAPathMeans) {
    std::ofstream(at("a")) << "kept ";
    std::FILE* file = std::fopen(at("a").c_str(), "a");
    ASSERT_NE(file, nullptr);
    EXPECT_FALSE(write_file("/dev/fd/" + std::to_string(::fileno(file)), "added"));
    std::fclose(file);
    EXPECT_EQ(read_file(at("a")).value(), "kept added");
    EXPECT_TRUE(write_file("/dev/fd/987654", "text"));
}

TEST_F(File, CannotBeReadWhenItIsNotThere) {
    EXPECT_EQ(read_file(at("a")).error(), error_code(ENOENT, boost::system::system_category()));
    EXPECT_TRUE(read_file(folder_.string()).has_error());
}

}  // namespace
}  // namespace portillon::report
