#!/usr/bin/env python3
"""Makes the pictures of reports/reading.md from two pages, with headless Chromium: each shows one part of a page.

Usage: pictures.py OUTAGE.html COMPARISON.html FOLDER
"""
import os
import re
import subprocess
import sys
import tempfile

# The name of the picture, the page, what of it is shown (a CSS selector), width and height.
PICTURES = [
    ("measurement", "outage", "#measurement", 900, 370),
    ("spectrum", "comparison", "#spectrum", 900, 620),
    ("over-time", "outage", "#latency-time", 900, 480),
    ("heat-map", "outage", "#heat", 900, 340),
    ("backlog", "outage", "#backlog-time", 900, 330),
    ("faults", "outage", "#faults", 1100, 290),
    ("account", "outage", "#books", 900, 700),
    ("comparison", "comparison", "#figures", 1100, 940),
]
# Hides everything but the ancestors of the part, the part, and what is in it.
ALONE = """<style>
body *:not(:has({part})):not({part}):not({part} *) {{ display: none !important; }}
{part} {{ margin-top: 0 !important; width: 100% !important; max-width: 100% !important; grid-column: 1 / -1; }}
section {{ border: 0 !important; margin: 0 !important; padding: 0 !important; }}
body {{ padding: 12px !important; margin: 0 !important; }}
</style></head>"""


def take(page, part, width, height, picture):
    with open(page) as file:
        text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", file.read())  # it forbids further styles
    with tempfile.NamedTemporaryFile("w", suffix=".html") as alone:
        alone.write(text.replace("</head>", ALONE.format(part=part), 1))
        alone.flush()
        subprocess.run(["chromium", "--headless", "--no-sandbox", "--hide-scrollbars", f"--window-size={width},{height}",
                        "--virtual-time-budget=4000", f"--screenshot={picture}", f"file://{alone.name}"],
                       check=True, stderr=subprocess.DEVNULL, timeout=120)


def main():
    outage, comparison, folder = sys.argv[1:]
    pages = {"outage": outage, "comparison": comparison}
    for name, page, part, width, height in PICTURES:
        picture = os.path.join(folder, name + ".png")
        take(pages[page], part, width, height, os.path.abspath(picture))
        print(picture, os.path.getsize(picture))


main()
