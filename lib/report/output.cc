#include "report/output.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <map>
#include <optional>
#include <tuple>

#include "report/file.h"

namespace portillon::report {

namespace {

namespace fs = std::filesystem;

std::string words_of(int number) {
    return error_code(number, boost::system::system_category()).message();
}

std::string quoted(const std::string& path) {
    return "'" + path + "'";
}

fs::path folder_of(const fs::path& path) {
    return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

// Identifies a file whatever path names it: by its inode; or if it does not exist yet, by its folder's inode and its
// name.
using Identity = std::tuple<dev_t, ino_t, std::string>;

Identity identity_of(const struct stat& found) {
    return {found.st_dev, found.st_ino, ""};
}

std::optional<Identity> identity_of(const std::string& path) {
    struct stat found {};
    if (::stat(path.c_str(), &found) == 0) {
        return identity_of(found);
    }
    const fs::path real = behind_links(path);
    if (::stat(folder_of(real).c_str(), &found) == 0) {
        return Identity{found.st_dev, found.st_ino, real.filename().string()};
    }
    return std::nullopt;
}

std::optional<Identity> regular_file_at(int descriptor) {
    struct stat found {};
    return ::fstat(descriptor, &found) == 0 && S_ISREG(found.st_mode) ? std::optional(identity_of(found))
                                                                      : std::nullopt;
}

std::string name_of_descriptor(int descriptor) {
    switch (descriptor) {
        case STDOUT_FILENO:
            return "standard output";
        case STDERR_FILENO:
            return "standard error";
        default:
            return fmt::format("descriptor {}", descriptor);
    }
}

class Outputs {
public:
    explicit Outputs(const std::vector<Input>& inputs) {
        for (const auto& input : inputs) {
            const auto identity = input.path == "-" ? regular_file_at(STDIN_FILENO) : identity_of(input.path);
            if (identity) {
                inputs_.emplace(*identity,
                                fmt::format("{} is read by this command as {}", quoted(input.path), input.option));
            }
        }
        for (const int descriptor : {STDOUT_FILENO, STDERR_FILENO}) {
            if (const auto identity = regular_file_at(descriptor)) {
                redirected_.emplace(*identity, name_of_descriptor(descriptor) + " goes to this file");
            }
        }
    }

    void add(const Output& output) {
        option_ = output.option;
        if (output.path.empty()) {
            refuse(output.kind == Output::Kind::file ? "the name is empty (allowed: a file, or - for standard output)"
                                                     : "the name is empty (allowed: a folder)");
        } else if (output.kind == Output::Kind::file) {
            add_file(output.path);
        } else {
            add_folder(output);
        }
    }

    Problems problems() && { return std::move(problems_); }

private:
    void refuse(const std::string& why) { problems_.push_back({option_, 0, "", why}); }

    void refuse(const std::string& path, const std::string& why) {
        refuse(fmt::format("{} cannot be written: {}", quoted(path), why));
    }

    void add_file(const std::string& path) {
        if (const auto descriptor = inherited_descriptor(path)) {
            add_descriptor(path, *descriptor);
            return;
        }
        struct stat found {};
        if (::stat(path.c_str(), &found) == 0) {
            add_existing(path, found);
        } else if (errno != ENOENT) {
            refuse(path, words_of(errno));
        } else if (path.back() == '/') {
            refuse(path, "it is named as a folder (allowed: a file)");
        } else {
            add_new(path);
        }
    }

    void add_descriptor(const std::string& path, int descriptor) {
        const int flags = ::fcntl(descriptor, F_GETFL);
        if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY) {
            refuse(path, name_of_descriptor(descriptor) + " is closed, or not open for writing");
            return;
        }
        if (const auto identity = regular_file_at(descriptor)) {
            refuse_input(path, *identity);
        }
        take(path, {0, static_cast<ino_t>(descriptor), "a descriptor"});
    }

    void add_existing(const std::string& path, const struct stat& found) {
        if (S_ISDIR(found.st_mode)) {
            refuse(path, "it is a folder (allowed: a file)");
            return;
        }
        if (::eaccess(path.c_str(), W_OK) != 0) {
            refuse(path, words_of(errno));
            return;
        }
        if (S_ISCHR(found.st_mode)) {
            return;  // a device such as /dev/null, which several outputs may share
        }
        if (!S_ISREG(found.st_mode)) {
            take(path, identity_of(found));
            return;
        }
        const auto identity = identity_of(found);
        if (refuse_input(path, identity)) {
            return;
        }
        if (const auto other = redirected_.find(identity); other != redirected_.end()) {
            refuse(path, other->second);
        } else if (take(path, identity)) {
            try_beside(path);
        }
    }

    void add_new(const std::string& path) {
        const auto folder = folder_of(behind_links(path)).string();
        struct stat found {};
        if (::stat(folder.c_str(), &found) != 0) {
            refuse(path, errno == ENOENT ? fmt::format("there is no folder {} (make it first)", quoted(folder))
                                         : fmt::format("{}: {}", quoted(folder), words_of(errno)));
        } else if (!S_ISDIR(found.st_mode)) {
            refuse(path, quoted(folder) + " is no folder");
        } else if (const auto identity = identity_of(path); !identity || take(path, *identity)) {
            try_beside(path);
        }
    }

    // A folder that exists must be writable. One that does not is made later, so the lowest existing folder above it
    // must be writable.
    void add_folder(const Output& output) {
        const auto& path = output.path;
        struct stat found {};
        if (::stat(path.c_str(), &found) == 0) {
            if (!S_ISDIR(found.st_mode)) {
                refuse(path, "it is no folder");
                return;
            }
            for (const auto& file : output.files) {
                add_file((fs::path(path) / file).string());
            }
            return;
        }
        if (errno != ENOENT) {
            refuse(path, words_of(errno));
            return;
        }
        std::error_code none;
        if (fs::is_symlink(path, none)) {
            refuse(path, "it is a link that leads nowhere");
            return;
        }
        fs::path above = fs::path(path);
        while (!fs::exists(above, none) && above != folder_of(above)) {
            above = folder_of(above);
        }
        if (take(path, {0, 0, fs::absolute(path, none).lexically_normal().string()})) {
            try_beside(path, (above / fs::path(path).lexically_normal().filename()).string());
        }
    }

    bool refuse_input(const std::string& path, const Identity& identity) {
        const auto input = inputs_.find(identity);
        if (input != inputs_.end()) {
            refuse(path, input->second);
        }
        return input != inputs_.end();
    }

    // Reserves the place for this output. False if another output has it.
    bool take(const std::string& path, const Identity& identity) {
        const auto [other, first] = taken_.emplace(identity, fmt::format("{} {}", option_, quoted(path)));
        if (!first) {
            refuse(path, "it is the same place as " + other->second);
        }
        return first;
    }

    // Whether a file can be made is only known by making one: permissions, a read-only file system, a name too long.
    void try_beside(const std::string& path) { try_beside(path, behind_links(path)); }

    void try_beside(const std::string& path, const std::string& place) {
        int descriptor = -1;
        const auto made = temporary_beside(place, descriptor);
        if (!made) {
            refuse(path, fmt::format("no file can be made in {}: {}", quoted(folder_of(place).string()),
                                     made.error().message()));
            return;
        }
        ::close(descriptor);
        ::unlink(made->c_str());
    }

    std::string option_;
    std::map<Identity, std::string> inputs_, redirected_, taken_;
    Problems problems_;
};

}  // namespace

Problems problems_of(const std::vector<Output>& outputs, const std::vector<Input>& inputs) {
    Outputs checked(inputs);
    for (const auto& output : outputs) {
        checked.add(output);
    }
    return std::move(checked).problems();
}

}  // namespace portillon::report
