#!/usr/bin/env python3
"""Does clang-tidy find fault with the program's sources, by the checks in .clang-tidy?

It looks at several sources at once, as they are compiled, because most of what it reads is headers. What has not
changed since it was found good is not looked at again.

Usage: tidy.py BUILD_FOLDER [--jobs N] [PART_OF_A_NAME...]      after a build with g++
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

from headers_test import ROOT, Seen, fingerprint

# Options of g++ that clang does not know.
FOREIGN = ("-fcoroutines", "-Wno-restrict", "-Wno-subobject-linkage", "-Wno-maybe-uninitialized", "--param=ggc-min-heapsize=524288")


def units(build):
    """(file, object, command for clang) of each unit of a library or the program; tests and generated code apart."""
    for entry in json.loads((build / "compile_commands.json").read_text()):
        words = shlex.split(entry["command"])
        target = words[words.index("-o") + 1]
        if "-Werror" not in words or re.search(r"_(?:test|bench|corpus|fuzz)\.dir/", target):
            continue
        words = [word for word in words if word not in FOREIGN]
        yield entry["file"], target, ["clang++-14", *words[words.index(next(w for w in words if w.startswith("-"))) :]]


def files_read(build):
    """For each object the files that the compiler read, as recorded by ninja."""
    text = subprocess.run(["ninja", "-C", str(build), "-t", "deps"], capture_output=True, text=True, check=True).stdout
    read = {}
    for block in text.split("\n\n"):
        head, *names = block.strip().split("\n")
        if ": #deps" in head:
            read[head.split(": #deps")[0]] = [os.path.normpath(os.path.join(build, name.strip())) for name in names]
    return read


def look(file, target, command, database, read, seen):
    stamp = database / target.replace("/", ".")
    inputs = [file, str(ROOT / ".clang-tidy"), *read.get(target, [])]
    mark = fingerprint(command, inputs, seen)
    if target in read and stamp.exists() and stamp.read_text() == mark:
        return ""
    run = subprocess.run(["clang-tidy-14", "--quiet", "-p", str(database), file], capture_output=True, text=True, check=False)
    if run.returncode != 0 or "warning:" in run.stdout or "error:" in run.stdout:
        return run.stdout + run.stderr
    stamp.write_text(mark)
    return ""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=lambda name: pathlib.Path(name).resolve())
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("parts", nargs="*")
    options = parser.parse_args()
    chosen = [unit for unit in units(options.build)
              if not options.parts or any(part in unit[1] for part in options.parts)]
    assert chosen, "there is something to look at"
    database = options.build / "tidy"
    database.mkdir(exist_ok=True)
    (database / "compile_commands.json").write_text(json.dumps(
        [{"directory": str(options.build), "file": file, "arguments": command} for file, _, command in chosen]))
    read, seen, faulty = files_read(options.build), Seen(), 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for said in pool.map(lambda unit: look(*unit, database, read, seen), chosen):
            if said:
                faulty += 1
                print(said, file=sys.stderr)
    print(f"{len(chosen)} units, clang-tidy finds fault with {faulty}")
    return 1 if faulty else 0


if __name__ == "__main__":
    sys.exit(main())
