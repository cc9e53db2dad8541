#include "report/output.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "report/file.h"

namespace portillon::report {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class OutputTest : public ::testing::Test {
protected:
    void SetUp() override {
        std::string name = (fs::temp_directory_path() / "portillon_output_XXXXXX").string();
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        folder_ = name;
        write("input");
    }
    void TearDown() override { fs::remove_all(folder_); }

    std::string at(const std::string& name) const { return (folder_ / name).string(); }
    void write(const std::string& name) const { std::ofstream(at(name)) << "kept"; }
    std::size_t entries() const {
        return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder_), fs::directory_iterator{}));
    }

    // All problems of the outputs, one on a line; "input" is an input.
    std::string told(const std::vector<Output>& outputs) const {
        std::string text;
        for (const auto& problem : problems_of(outputs, {{"SCENARIO", at("input")}})) {
            text += format_problem(problem) + "\n";
        }
        return text;
    }
    std::string told_of_file(const std::string& path) const { return told({{"-o", path}}); }
    std::string told_of_folder(const std::string& path) const {
        return told({{"-o", path, Output::Kind::folder, {"a.json", "a.md"}}});
    }

    fs::path folder_;
};

TEST_F(OutputTest, MayBeANewFileOrAnOldOne) {
    write("old");
    EXPECT_EQ(told_of_file(at("new")), "");
    EXPECT_EQ(told_of_file(at("old")), "");
    EXPECT_EQ(read_file(at("old")).value(), "kept");
    EXPECT_EQ(entries(), 2U) << "nothing is left behind";
}

TEST_F(OutputTest, NamesTheOptionAndTheCause) {
    write("file");
    const std::string none = at("none"), long_name(300, 'x');
    fs::create_symlink("loop", at("loop"));
    fs::create_symlink("none/report", at("dangling"));
    const std::pair<std::string, std::string> rows[] = {
        {"", "the name is empty"},
        {none + "/report", "there is no folder '" + none + "'"},
        {folder_.string(), "it is a folder"},
        {folder_.string() + "/", "it is a folder"},
        {at("new/"), "named as a folder"},
        {at("file/report"), "Not a directory"},
        {at("file/"), "Not a directory"},
        {at(long_name), "File name too long"},
        {at("loop"), "Too many levels of symbolic links"},
        {at("dangling"), "there is no folder"},
        {"/proc/report", "no file can be made in '/proc'"},
        {"/dev/fd/987", "descriptor 987 is closed"},
    };
    for (const auto& [path, cause] : rows) {
        EXPECT_THAT(told_of_file(path), testing::StartsWith("-o: ")) << path;
        EXPECT_THAT(told_of_file(path), HasSubstr(cause));
    }
}

TEST_F(OutputTest, IsNotWhatIsRead) {
    fs::create_symlink("input", at("link"));
    fs::create_hard_link(at("input"), at("hard"));
    for (const auto* name : {"input", "link", "hard", "./input"}) {
        EXPECT_THAT(told_of_file(at(name)), HasSubstr("is read by this command as SCENARIO")) << name;
    }
    const int input = ::open(at("input").c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
    EXPECT_THAT(told_of_file("/dev/fd/" + std::to_string(input)), HasSubstr("is read by this command"));
    ::close(input);
}

TEST_F(OutputTest, IsWrittenWhereALinkLeads) {
    fs::create_directory(at("other"));
    fs::create_symlink("other/new", at("link"));
    EXPECT_EQ(told_of_file(at("link")), "");
    EXPECT_FALSE(write_file(at("link"), "text"));
    EXPECT_TRUE(fs::is_symlink(at("link")));
    EXPECT_EQ(read_file(at("other/new")).value(), "text");
}

TEST_F(OutputTest, IsOneOfAllOutputs) {
    fs::create_symlink(folder_, at("self"));
    EXPECT_THAT(told({{"--html", at("new")}, {"--csv", at("self/new")}}),
                testing::AllOf(testing::StartsWith("--csv: "), HasSubstr("the same place as --html")));
    write("old");
    EXPECT_THAT(told({{"--html", at("old")}, {"--csv", at("./old")}}), HasSubstr("the same place as --html"));
    EXPECT_THAT(told({{"--html", "-"}, {"--csv", "/dev/stdout"}}), HasSubstr("the same place as --html"));
    EXPECT_EQ(told({{"--html", "/dev/null"}, {"--csv", "/dev/null"}}), "");
    EXPECT_EQ(told({{"--html", at("one")}, {"--csv", at("two")}}), "");
}

TEST_F(OutputTest, IsNotWhereStandardErrorGoes) {
    const int before = ::dup(STDERR_FILENO);
    const int log = ::open(at("log").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    ::dup2(log, STDERR_FILENO);
    const auto said = told_of_file(at("log"));
    ::dup2(before, STDERR_FILENO);
    ::close(before);
    ::close(log);
    EXPECT_THAT(said, HasSubstr("standard error goes to this file"));
}

TEST_F(OutputTest, MayBeADeviceAPipeOrASocket) {
    ASSERT_EQ(::mkfifo(at("pipe").c_str(), 0600), 0);
    const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    at("socket").copy(address.sun_path, sizeof address.sun_path);
    ASSERT_EQ(::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(::listen(listener, 1), 0);
    for (const auto& path :
         {std::string("/dev/null"), std::string("/dev/full"), std::string("-"), at("pipe"), at("socket")}) {
        EXPECT_EQ(told_of_file(path), "");
    }
    EXPECT_FALSE(write_file(at("socket"), "through the socket"));
    const int connection = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    char got[32] = {};
    EXPECT_EQ(::read(connection, got, sizeof got), 18);
    EXPECT_STREQ(got, "through the socket");
    ::close(connection);
    ::close(listener);
    EXPECT_TRUE(fs::is_socket(at("socket")));
}

TEST_F(OutputTest, MayBeAFolderThatIsThereOrCanBeMade) {
    fs::create_directory(at("old"));
    write("old/a.json");
    for (const auto* name : {"old", "old/", "new", "new/deep/er", "new/"}) {
        EXPECT_EQ(told_of_folder(at(name)), "") << name;
    }
    EXPECT_EQ(entries(), 2U);
}

TEST_F(OutputTest, IsAFolderWhereOneIsWanted) {
    write("file");
    fs::create_directories(at("odd/a.md"));
    fs::create_symlink("nowhere", at("dangling"));
    EXPECT_THAT(told_of_folder(""), HasSubstr("the name is empty"));
    EXPECT_THAT(told_of_folder(at("file")), HasSubstr("it is no folder"));
    EXPECT_THAT(told_of_folder(at("file/deeper")), HasSubstr("Not a directory"));
    EXPECT_THAT(told_of_folder("/dev/null"), HasSubstr("it is no folder"));
    EXPECT_THAT(told_of_folder("/proc/new"), HasSubstr("no file can be made in '/proc'"));
    EXPECT_THAT(told_of_folder(at("odd")), HasSubstr("a.md' cannot be written: it is a folder"));
    EXPECT_THAT(told_of_folder(at("dangling")), HasSubstr("leads nowhere"));
    fs::create_hard_link(at("input"), at("odd/a.json"));
    EXPECT_THAT(told_of_folder(at("odd")), HasSubstr("is read by this command as SCENARIO"));
}

TEST_F(OutputTest, MustBeWritable) {
    write("old");
    fs::create_directory(at("closed"));
    fs::permissions(at("old"), fs::perms::owner_read);
    fs::permissions(at("closed"), fs::perms::owner_read | fs::perms::owner_exec);
    constexpr uid_t nobody = 65'534;
    const bool root = ::geteuid() == 0;  // root may write anything
    for (const auto& path : {at(""), at("old"), at("closed")}) {
        ASSERT_TRUE(!root || ::chown(path.c_str(), nobody, nobody) == 0);
    }
    ASSERT_TRUE(!root || ::seteuid(nobody) == 0);
    EXPECT_THAT(told_of_file(at("old")), HasSubstr("Permission denied"));
    EXPECT_THAT(told_of_file(at("closed/new")), HasSubstr("Permission denied"));
    EXPECT_THAT(told_of_folder(at("closed")), HasSubstr("Permission denied"));
    EXPECT_THAT(told_of_folder(at("closed/deep/er")), HasSubstr("Permission denied"));
    ASSERT_TRUE(!root || ::seteuid(0) == 0);
    fs::permissions(at("closed"), fs::perms::owner_all);
}

}  // namespace
}  // namespace portillon::report
