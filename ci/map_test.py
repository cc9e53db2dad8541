#!/usr/bin/env python3
"""Does the code keep to lib/README.md, and to the rules that no compiler knows?

- A folder includes only what its row of the map's table allows.
- A folder is a namespace: lib/net/faults is portillon::net::faults, lib/base is portillon itself. Namespaces within it
  are free; portillon::embedded holds the files that the build embeds; a PrintTo stands where GoogleTest looks for it.
- No coroutine is a lambda with captures: the captures live in the lambda, which is gone when the coroutine resumes.
- Nothing is detached: every coroutine has a parent that joins it.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
MAP = ROOT / "lib/README.md"
# "Every folder may include `escape`, too."
ALWAYS = ["escape"]
# The only file outside tests, drivers/ and server/listeners/ that names a protocol.
NAMES_PROTOCOLS = "cmd/portillon/protocols.cc"
# Tests of either end may include the other end, and the fleet that drives it.
ENDS = ["drivers", "server"]
OTHER_END = ["drivers", "server", "fleet", "http2"]

problems = []


def fault(path, line, text):
    problems.append(f"{path}:{line}: {text}")


class Row:
    """One row of the table: `drivers/<name>` stands for each folder in drivers/."""

    def __init__(self, folder, allowed, above):
        self.folder, self.parts = folder, folder.split("/")
        self.above = above  # rows before this one
        self.all_of_above = allowed == "all of the above"
        self.excluded = None
        self.tokens = []
        if self.all_of_above:
            return
        names = re.split(r",\s*|\s+and\s+", allowed.replace("`", ""))
        if names[0].startswith("all but "):
            names[0] = names[0].removeprefix("all but ")
            self.excluded = names
        elif names != ["the standard library"]:
            self.tokens = [name for name in names if not name.startswith("Boost.")]

    def match(self, folder):
        """The part of `folder` for which this row stands, or None."""
        parts = folder.split("/")
        if len(parts) < len(self.parts):
            return None
        if all(a == b or a == "<name>" for a, b in zip(self.parts, parts)):
            return "/".join(parts[: len(self.parts)])
        return None


class Map:
    def __init__(self, text):
        self.rows = []
        for line in text.splitlines():
            cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
            named = re.fullmatch(r"`([a-z_/0-9<>]+)`", cells[0]) if line.startswith("|") else None
            if named:
                self.rows.append(Row(named[1], cells[-1], list(self.rows)))
        for row in self.rows:
            for token in row.tokens + (row.excluded or []):
                if self.find(token) is None:
                    fault("lib/README.md", 1, f"`{row.folder}` may include `{token}`, which is no row of the table")

    def find(self, folder):
        """(row, the part of the folder's path that the row names); the most specific row."""
        found = [(row, row.match(folder)) for row in self.rows if row.match(folder) is not None]
        return max(found, key=lambda pair: len(pair[0].parts), default=None)

    def is_in(self, folder, token):
        """`wire` stands for wire/mqtt too, but `net` not for net/faults, which has a row of its own."""
        if token == folder:
            return True
        return folder.startswith(token + "/") and self.find(folder) == self.find(token)

    def may_include(self, folder, included):
        found = self.find(folder)
        if found is None:
            return False
        row, room = found
        target = self.find(included)
        if target is None:
            return False
        if target == found or any(self.is_in(included, name) for name in ALWAYS):
            return True
        if row.all_of_above:
            return target[0] in row.above
        if row.excluded is not None:
            return not any(self.is_in(included, name) for name in row.excluded)
        return any(self.is_in(included, token) for token in row.tokens)

    def test_may_include(self, folder, included):
        if self.may_include(folder, included) or self.is_in(included, "testing"):
            return True
        if self.may_include("testing", included):
            return True
        within = lambda name, tops: any(name == top or name.startswith(top + "/") for top in tops)
        return within(folder, ENDS) and within(included, OTHER_END)


def blank(match):
    """Replaces comments and texts by spaces, so that positions and lines stay."""
    return re.sub(r"[^\n]", " ", match[0])


TEXTS = re.compile(r'R"([^(\s]*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|//[^\n]*|/\*.*?\*/|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])+\'', re.S)


def code_of(text):
    return TEXTS.sub(blank, text)


def closing(code, at):
    """The place of the bracket that closes the one at `at`."""
    pairs = {"(": ")", "[": "]", "{": "}"}
    open_, close, depth = code[at], pairs[code[at]], 0
    for place in range(at, len(code)):
        depth += (code[place] == open_) - (code[place] == close)
        if depth == 0:
            return place
    return len(code)


LAMBDA = re.compile(r"(?<![\w)\]\[])\s*\[(?!\[)")
NOT_BEFORE_LAMBDA = re.compile(r"(?:[\w)\]]|\boperator)\s*$")
KEYWORDS_BEFORE = re.compile(r"\b(?:return|co_return|co_await|co_yield|case|else|do)\s*$")


def lambdas(code):
    """(captures, begin of the body, its end) of each lambda; nested ones too."""
    for match in re.finditer(r"\[", code):
        at = match.start()
        before = code[max(0, at - 40) : at]
        if code[at : at + 2] == "[[" or before.endswith("["):
            continue
        if NOT_BEFORE_LAMBDA.search(before) and not KEYWORDS_BEFORE.search(before):
            continue  # a subscript, or an array
        end = closing(code, at)
        captures = code[at + 1 : end].strip()
        place = end + 1
        if parameters := re.compile(r"\s*(<[^(]*>)?\s*\(").match(code, place):
            place = closing(code, parameters.end() - 1) + 1
        # specifiers, a return type; then the body
        body = re.compile(r"[^;{}()=]*(?:\([^;{}()]*\)[^;{}()=]*)*\{").match(code, place)
        if body:
            begin = body.end() - 1
            yield captures, begin, closing(code, begin)


def own(code, begin, end, inner):
    """The body without the lambdas and the local types in it."""
    text = list(code[begin:end])
    hidden = [(b, e) for _, b, e in inner if begin < b and e <= end]
    for local in re.finditer(r"\b(?:struct|class)\s+\w+[^;{}()]*\{", code[begin:end]):
        at = begin + local.end() - 1
        hidden.append((at, closing(code, at)))
    for b, e in hidden:
        text[b - begin : e - begin] = " " * (e - b)
    return "".join(text)


def capturing_coroutines(code):
    """The lines on which a coroutine begins that is a lambda with captures."""
    found = list(lambdas(code))
    for captures, begin, end in found:
        if captures and re.search(r"\bco_(?:await|return|yield)\b", own(code, begin, end, found)):
            yield code.count("\n", 0, begin) + 1


def detached(code):
    for match in re.finditer(r"\bdetached\b", code):
        yield code.count("\n", 0, match.start()) + 1


class Sources:
    def __init__(self, root):
        self.root = root
        self.text = {}
        for top in ("lib", "cmd"):
            for path in sorted((root / top).rglob("*")):
                if path.suffix in (".h", ".cc"):
                    self.text[str(path.relative_to(root))] = path.read_text()
        self.includes = {path: self.includes_of(path) for path in self.text}
        self.of_tests = self.find_tests()

    def includes_of(self, path):
        """(line, included file as the repository names it)"""
        found = []
        for match in re.finditer(r'^#include "([^"]+)"', self.text[path], re.M):
            line = self.text[path].count("\n", 0, match.start()) + 1
            named = match[1]
            if "/" not in named and f"{pathlib.PurePath(path).parent}/{named}" in self.text:
                continue  # beside it
            found.append((line, "lib/" + named))
        return found

    def find_tests(self):
        """The files that are named as tests, that use testing/ or GoogleTest, or that include such a file."""
        tests = {path for path in self.text if re.search(r"_(?:test|bench|fuzz)\.cc$", path)}
        tests |= {path for path, text in self.text.items() if re.search(r"#include <g(?:test|mock)/", text)}
        while True:
            more = {
                path
                for path, includes in self.includes.items()
                if any(name in tests or name.startswith("lib/testing/") for _, name in includes)
            } - tests
            if not more:
                return {path for path in tests if not path.startswith(("lib/testing/", "lib/conformance/"))}
            tests |= more


def folder_of(path):
    parent = str(pathlib.PurePath(path).parent)
    return parent.removeprefix("lib/")


def check_includes(the_map, sources):
    for path, includes in sources.includes.items():
        folder = folder_of(path)
        if the_map.find(folder) is None:
            fault(path, 1, f"`{folder}` has no row in lib/README.md")
            continue
        allows = the_map.test_may_include if path in sources.of_tests else the_map.may_include
        for line, name in includes:
            included = folder_of(name)
            if name not in sources.text:
                continue  # made by the build, such as portillon.pb.h
            if not allows(folder, included):
                kind = "a test of " if path in sources.of_tests else ""
                fault(path, line, f"{kind}`{folder}` may not include `{included}` (lib/README.md)")
            names_protocol = re.match(r"(?:drivers|server/listeners)/", included)
            if path.startswith("cmd/") and names_protocol and path != NAMES_PROTOCOLS and path not in sources.of_tests:
                fault(path, line, f"only {NAMES_PROTOCOLS} names concrete protocols")


NAMESPACE = re.compile(r"\bnamespace\s+(portillon(?:::\w+)*)\s*\{(?!\s*(?:inline\s+)?void PrintTo\()")


def namespace_of(folder):
    parts = {"base": [], "cmd/portillon": ["cmd"]}.get(folder, folder.split("/"))
    return "::".join(["portillon", *parts])


def foreign_namespaces(code, folder, folders):
    """(line, namespace) of each that the code opens, and that belongs to another folder."""
    all_of_them = {namespace_of(each) for each in [*folders, "base"]}
    for match in NAMESPACE.finditer(code):
        parts = match[1].split("::")
        prefixes = ["::".join(parts[:count]) for count in range(len(parts), 0, -1)]
        owner = next(prefix for prefix in prefixes if prefix in all_of_them)
        if owner != namespace_of(folder) and match[1] != "portillon::embedded":
            yield code.count("\n", 0, match.start()) + 1, match[1]


def check_namespaces(sources):
    folders = {folder_of(path) for path in sources.text}
    for path, text in sources.text.items():
        folder = folder_of(path)
        for line, opened in foreign_namespaces(code_of(text), folder, folders):
            fault(path, line, f"`{opened}` is not the namespace of this folder, which is `{namespace_of(folder)}`")


def check_folders(the_map, sources):
    folders = {folder_of(path) for path in sources.text}
    for row in the_map.rows:
        if not any(row.match(folder) is not None for folder in folders):
            fault("lib/README.md", 1, f"`{row.folder}` is no folder with sources")


def check_libraries(sources):
    """No library of the program contains a file of the tests."""
    for path in sorted((sources.root / "lib").rglob("CMakeLists.txt")):
        folder = str(path.parent.relative_to(sources.root))
        for library in re.finditer(r"portillon_library\((.*?)\)", path.read_text(), re.S):
            for name in re.findall(r"[\w/]+\.cc", library[1]):
                if f"{folder}/{name}" in sources.of_tests:
                    fault(path.relative_to(sources.root), 1, f"a library holds {name}, which is of the tests")


def check_coroutines(sources):
    for path, text in sources.text.items():
        code = code_of(text)
        for line in capturing_coroutines(code):
            fault(path, line, "a coroutine is a lambda with captures; make it a named function")
        for line in detached(code):
            fault(path, line, "a coroutine is detached; spawn it in a net::TaskGroup")


def prove():
    """Proves that the checks find bad code, and accept good code."""
    bad = [
        "auto x = [this]() -> Task<void> { co_await y(); };",
        "spawn([&, i](int a) mutable -> net::Task<int> {\n if (a) { co_return 1; }\n co_return i;\n}(3));",
        "f([=] { co_await [] { return z(); }(); });",
        "return [x](auto y) noexcept { for (;;) { co_yield x; } };",
    ]
    good = [
        "auto x = []() -> Task<void> { co_await y(); };",
        "auto x = [this] { return go(); }; co_await y();",
        "f([this] { struct S { static Task<void> g() { co_return; } }; spawn(S::g()); });",
        "f([this] { g([](int a) -> Task<void> { co_await a; }); });",
        "Task<void> f(int a[3]) { a[0] = 1; co_return; }",
        '[[nodiscard]] Task<void> f() { auto s = "[x] { co_await"; /* [y] { co_await } */ co_return; }',
        "co_await values[i]; if (x) { co_return; }",
    ]
    for code in bad:
        assert list(capturing_coroutines(code_of(code))), code
    for code in good:
        assert not list(capturing_coroutines(code_of(code))), code
    folders = ["base", "net", "net/faults", "http2", "drivers/http2"]
    for folder, opened in [("base", "portillon"), ("base", "portillon::detail"), ("net/faults", "portillon::net::faults"),
                           ("http2", "portillon::http2::raw"), ("http2", "portillon::embedded"),
                           ("drivers/http2", "portillon::drivers::http2"), ("cmd/portillon", "portillon::cmd"),
                           ("net", "std")]:
        assert not list(foreign_namespaces(f"namespace {opened} {{", folder, [*folders, folder])), (folder, opened)
    for folder, opened in [("net", "portillon"), ("net/faults", "portillon::net"), ("net", "portillon::net::faults"),
                           ("drivers/http2", "portillon::http2"), ("http2", "portillon::detail"),
                           ("base", "portillon::net")]:
        assert list(foreign_namespaces(f"namespace {opened} {{", folder, folders)), (folder, opened)
    assert not list(foreign_namespaces("namespace short = portillon::net;", "http2", folders))
    assert not list(foreign_namespaces("namespace portillon::net {\n\nvoid PrintTo(", "http2", folders))
    assert list(detached("co_spawn(e, f(), asio::detached);"))
    assert not list(detached(code_of("// detached\nauto detached_ = 1;")))
    the_map = Map(
        "| `escape` | x | the standard library |\n| `base` | x | escape, Boost.System |\n| `net` | a | b | base |\n"
        "| `net/faults` | x | base, net |\n| `http2` | x | base |\n"
        "| `drivers/<name>` | x | base, net, drivers/over_http2 |\n| `fleet` | x | base |\n| `server` | x | base, net |\n"
        "| `run` | x | all of the above |\n| `testing` | x | base, net |\n| `last` | x | all but run and `fleet` |\n"
    )
    allowed = [("net", "base"), ("net", "escape"), ("net/faults", "net"), ("run", "drivers/mqtt"), ("last", "server"),
               ("drivers/mqtt", "drivers/over_http2"), ("server/admin", "server"), ("server", "server/listeners/mqtt"),
               ("drivers/mqtt", "drivers/mqtt"), ("run", "run")]
    refused = [("base", "net"), ("net", "net/faults"), ("drivers/mqtt", "drivers/http2"), ("run", "testing"),
               ("last", "run"), ("last", "fleet"), ("fleet", "drivers/mqtt"), ("fleet", "unknown"), ("unknown", "base"),
               ("net", "testing")]
    for pair in allowed:
        assert the_map.may_include(*pair), pair
    for pair in refused:
        assert not the_map.may_include(*pair), pair
    for pair in [("net", "testing"), ("base", "net"), ("drivers/mqtt", "server/listeners/mqtt"), ("server", "fleet")]:
        assert the_map.test_may_include(*pair), pair
    for pair in [("net", "fleet"), ("fleet", "drivers/mqtt"), ("drivers/mqtt", "run")]:
        assert not the_map.test_may_include(*pair), pair
    assert not problems


def main():
    prove()
    the_map = Map(MAP.read_text())
    assert len(the_map.rows) > 10, "the table of lib/README.md is no longer read"
    sources = Sources(ROOT)
    check_includes(the_map, sources)
    check_namespaces(sources)
    check_folders(the_map, sources)
    check_libraries(sources)
    check_coroutines(sources)
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
