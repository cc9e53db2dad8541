#!/usr/bin/env python3
"""Is the code that a page shows the code that is compiled? Usage: shown_code.py PAGE...

Every fenced block whose opening line names a language and a file ("```cpp lib/x.cc") must be found in that file, line by
line. A page without such a block fails too: then there was nothing to compare.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
OPENING = re.compile(r"^```\S+ (\S+)$")


def blocks(page):
    """(line, file, text) of each marked block."""
    marked = None
    fenced = False
    lines = page.read_text().split("\n")
    for number, line in enumerate(lines, start=1):
        if not line.startswith("```"):
            continue
        if fenced:
            if marked:
                begin, file = marked
                yield begin, file, "\n".join(lines[begin:number - 1])
            fenced, marked = False, None
        else:
            opening = OPENING.match(line)
            fenced, marked = True, (number, opening.group(1)) if opening else None
    if fenced:
        raise SystemExit(f"{page}: a fenced block without its end")


def main(pages):
    wrong = 0
    for name in pages:
        shown = 0
        for line, file, text in blocks(pathlib.Path(name)):
            shown += 1
            source = ROOT / file
            if not source.is_file():
                print(f"{name}:{line}: there is no {file}")
                wrong += 1
            elif not text.strip() or f"\n{text}\n" not in "\n" + source.read_text():
                print(f"{name}:{line}: not what stands in {file}")
                wrong += 1
        if shown == 0:
            print(f"{name}: no block names its file")
            wrong += 1
        else:
            print(f"{name}: {shown} blocks")
    return 1 if wrong or not pages else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
