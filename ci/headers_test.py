#!/usr/bin/env python3
"""Does every header compile by itself? Where several sources are compiled as one, a header that forgot an include finds
it in a source before it.

Each header of lib/ and cmd/ is compiled alone, with the flags of its folder and the warning about anonymous types in
headers, which the build has to switch off. A header is not compiled again while nothing that it read has changed.

Usage: headers_test.py BUILD_FOLDER [--jobs N] [HEADER...]
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def flags_by_folder(build):
    """The compiler flags of each folder that has a target; if it has several, the library's."""
    flags = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        words = shlex.split(entry["command"])
        folder, target = words[words.index("-o") + 1].split("/CMakeFiles/", 1)
        is_test = re.match(r"\w+_(?:test|bench|corpus|fuzz)\.dir", target)
        if "-Werror" not in words or (folder in flags and (is_test or flags[folder][0])):
            continue  # made by protoc, or no better than the flags found before
        kept, at = [], 0
        while at < len(words):
            word = words[at]
            if word in ("-isystem", "-I", "-include"):
                kept += words[at : at + 2]
                at += 1
            elif word.startswith(("-I", "-D", "-std", "-W", "-f")) and word != "-Wno-subobject-linkage":
                kept.append(word)
            at += 1
        compiler = next(word for word in words if re.search(r"(?:\+\+|clang)[^/]*$", word))
        flags[folder] = (not is_test, [compiler, *kept])
    return {folder: found for folder, (_, found) in flags.items()}


def flags_for(header, flags):
    folder = str(pathlib.PurePath(header).parent)
    while folder not in flags and folder not in ("lib", "."):
        folder = str(pathlib.PurePath(folder).parent)
    found = flags.get(folder, flags["lib/base"])  # a folder of headers alone
    return [*found, f'-DPORTILLON_SOURCE_DIR="{ROOT}"']  # tests are compiled with it, so their headers may use it


class Seen:
    """Fingerprints of files: ours by content, which a checkout does not change, the system's by size and time."""

    def __init__(self):
        self.known = {}

    def of(self, path):
        if path not in self.known:
            try:
                if path.startswith(str(ROOT)):
                    self.known[path] = hashlib.sha1(pathlib.Path(path).read_bytes()).hexdigest()
                else:
                    stat = os.stat(path)
                    self.known[path] = f"{stat.st_size} {stat.st_mtime_ns}"
            except OSError:
                self.known[path] = "gone"
        return self.known[path]


def fingerprint(command, read, seen):
    digest = hashlib.sha1("\0".join(command).encode())
    for path in read:
        digest.update(f"{path}\0{seen.of(path)}\0".encode())
    return digest.hexdigest()


def dependencies(text):
    """The files that a make rule names behind its colon."""
    words = text.replace("\\\n", " ").split(":", 1)[1].split()
    return [os.path.normpath(word) for word in words if word != "-"]


def compile_alone(header, command, stamp, seen):
    """The compiler's messages about the header, or nothing."""
    try:
        recorded, *read = stamp.read_text().split("\n")
        if recorded == fingerprint(command, read, seen):
            return ""
    except OSError:
        pass
    rule = stamp.with_suffix(".d")
    # The header is included rather than compiled itself, so that the compiler gives the warnings for headers.
    run = subprocess.run(
        [*command, "-Wsubobject-linkage", "-fsyntax-only", "-MD", "-MF", str(rule), "-MT", "header", "-x", "c++", "-"],
        input=f'#include "{ROOT / header}"\n', capture_output=True, text=True, cwd=ROOT, check=False)
    if run.returncode != 0:
        return f"{header} does not compile by itself:\n{run.stderr}"
    read = dependencies(rule.read_text())
    rule.unlink()
    stamp.write_text("\n".join([fingerprint(command, read, Seen()), *read]))
    return ""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("headers", nargs="*")
    options = parser.parse_args()
    flags = flags_by_folder(options.build)
    headers = options.headers or sorted(
        str(path.relative_to(ROOT)) for top in ("lib", "cmd") for path in (ROOT / top).rglob("*.h"))
    assert headers, "there are headers"
    stamps = options.build / "headers"
    stamps.mkdir(exist_ok=True)
    seen = Seen()
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        work = [
            pool.submit(compile_alone, header, flags_for(header, flags), stamps / header.replace("/", "."), seen)
            for header in headers
        ]
        for done in work:
            if said := done.result():
                failed += 1
                print(said, file=sys.stderr)
    print(f"{len(headers)} headers, {failed} of them do not compile by themselves")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
