#!/usr/bin/env python3
"""The HTML page of reports: its figures are those of the JSON, and a browser draws it without a complaint, without the
network, and without anything sticking out.

Usage: page_test.py WRITE_PAGE_SAMPLES
"""
import base64
import html.parser
import json
import math
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

WIDTHS = (1280, 390)
DASH = "\u2014"
failures = []


def expect(holds, what):
    if not holds:
        failures.append(what)
        print("FAIL", what)


# ------------------------------------------------------------------------------------------------------- the figures

class Page(html.parser.HTMLParser):
    """What the file says without a script: the figures with the runs they are made of, and the text."""

    VOID = {"meta", "link", "br", "img", "input"}

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open = []       # (tag, attributes)
        self.figures = []    # {figure, value, runs, text, passed}
        self.intervals = []  # {runs, at, width, cells}
        self.exceptions = 0
        self.tags = {}
        self.title = ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.tags[tag] = self.tags.get(tag, 0) + 1
        if tag in self.VOID:
            return
        self.open.append((tag, attributes))
        if "data-figure" in attributes:
            runs = next(a["data-runs"] for _, a in reversed(self.open) if "data-runs" in a)
            self.figures.append({"figure": attributes["data-figure"], "value": attributes["data-value"],
                                 "passed": attributes.get("data-passed"), "why": attributes.get("title"),
                                 "runs": tuple(int(run) for run in runs.split(",")), "text": ""})
        if "data-at" in attributes:
            runs = next(a["data-runs"] for _, a in reversed(self.open) if "data-runs" in a)
            self.intervals.append({"runs": runs, "at": float(attributes["data-at"]),
                                   "width": float(attributes["data-width"]), "cells": []})
        if "data-exception" in attributes:
            self.exceptions += 1

    def handle_endtag(self, tag):
        while self.open:
            if self.open.pop()[0] == tag:
                return

    def handle_data(self, data):
        tags = [tag for tag, _ in self.open]
        if "h1" in tags:
            self.title += data
        if any("data-at" in a for _, a in self.open) and tags[-1] in ("td", "th", "span"):
            self.intervals[-1]["cells"].append(data)
        if self.figures and self.open and any("data-figure" in a for _, a in self.open) and tags[-1] != "small":
            self.figures[-1]["text"] += data


def at_path(run, figure):
    """What a run's report has there. Causes hold dots themselves."""
    for holder in ("errors.", "fleet.connect_failures."):
        if figure.startswith(holder):
            for key in holder.strip(".").split("."):
                run = run[key]
            return run.get(figure[len(holder):])
    for key in figure.split("."):
        if run is None:
            return None
        run = run[int(key)] if isinstance(run, list) else run[key]
    return run


def decoded(text):
    """The buckets of an HdrHistogram V2 deflated encoding: index to count."""
    outer = base64.b64decode(text)
    cookie, length = struct.unpack(">II", outer[:8])
    assert cookie == 0x1c849314, "V2, deflated"
    inner = zlib.decompress(outer[8:8 + length])
    assert struct.unpack(">I", inner[:4])[0] == 0x1c849313, "V2"
    counts, index, at = {}, 0, 40
    while at < len(inner):
        value, shift = 0, 0
        for place in range(9):
            byte = inner[at]
            at += 1
            value |= (byte if place == 8 else byte & 0x7f) << shift
            shift += 7
            if byte < 0x80 or place == 8:
                break
        value = (value >> 1) ^ -(value & 1)
        if value < 0:
            index -= value
        else:
            if value:
                counts[index] = value
            index += 1
    return counts


def highest_us(index):
    octave = max(0, (index >> 10) - 1)
    step = index if index < 2048 else (index & 1023) + 1024
    lowest = step << (octave + 9)
    return (lowest + (1 << (octave + 9)) - 1) / 1e3


def merged_percentile(latencies, percent):
    counts, total = {}, 0
    for latency in latencies:
        for index, count in decoded(latency["histogram"]).items():
            counts[index] = counts.get(index, 0) + count
        total += latency["count"] + latency["unanswered"]
    rank = max(1, math.ceil(math.nextafter(percent, -1) * total / 100))
    most = max((greatest(latency) for latency in latencies if latency["count"]), default=None)
    if rank == sum(latency["count"] for latency in latencies):
        return most
    seen = 0
    for index in sorted(counts):
        seen += counts[index]
        if seen >= rank:
            return min(highest_us(index), most)
    return None


def greatest(latency):
    """Of the values that came, exact."""
    if latency is None:
        return math.inf
    return latency["max_us"] if latency["max_us"] is not None else latency["answered_max_us"]


SUMMED = ("tally.", "ledger.", "delivery.", "errors.", "fleet.connects", "fleet.connected_max", "fleet.connect_failures", "fleet.reconnects", "fleet.never_connected", "fleet.unaccounted", "wire.bytes_sent",
          "wire.bytes_received")
MEDIANS = ("resources.", "throughput.", "wire.bytes_per_validation", "fleet.connecting_s")


def median(values):
    values = sorted(values)
    middle = len(values) // 2
    if len(values) % 2:
        return values[middle]
    pair = values[middle - 1] + values[middle]
    return pair // 2 if isinstance(pair, int) else pair / 2


def expected(runs, figure):
    """Of one run its own; of several: times and costs their median, counts summed."""
    if len(runs) == 1:
        return at_path(runs[0], figure)
    if figure == "ledger":
        return None
    values = [at_path(run, figure) for run in runs]
    if figure.startswith("latency."):
        key = figure.split(".")[-1]
        latencies = [at_path(run, figure.rsplit(".", 1)[0]) if figure.count(".") == 2 else None for run in runs]
        if any(latency is None for latency in latencies):
            return None
        if key.endswith("_us"):  # what never came ranks above everything
            middle = median([math.inf if value is None else value for value in values])
            return None if math.isinf(middle) else middle
        return sum(values)
    if figure.startswith(SUMMED):
        if figure.startswith(("errors.", "fleet.connect_failures.")):
            values = [value or 0 for value in values]
        if figure == "fleet.connected_max":
            return max(values)
        return None if None in values else sum(values)
    if figure.startswith(MEDIANS):
        present = [value for value in values if value is not None]
        return median(present) if present else None
    return values[0]


def three_digits(value):
    return f"{value:.2f}" if value < 9.995 else f"{value:.1f}" if value < 99.95 else f"{value:.0f}"


def duration_text(us):
    ns = round(us * 1e3)
    return f"{ns} ns" if ns < 999.5 else f"{three_digits(ns / 1e3)} us" if ns < 999.5e3 else \
        f"{three_digits(ns / 1e6)} ms" if ns < 999.5e6 else f"{three_digits(ns / 1e9)} s"


def figure_is_time(figure):
    return figure == "fleet.connecting_s"


def runs_of(report):
    return report["runs"] if report["kind"] == "comparison" else [report]


def expected_of_a_run(run):
    """Every figure that the page must say of a run."""
    wanted = []
    for kind, latency in run["latency"].items():
        if latency is None:
            wanted.append(f"latency.{kind}")
        else:
            wanted += [f"latency.{kind}.{key}" for key in latency if key not in ("histogram", "answered_max_us")]
    wanted += [f"tally.{key}" for key in run["tally"]]
    wanted += [f"ledger.{key}" for key in run["ledger"]] if run["ledger"] else ["ledger"]
    wanted += [f"delivery.{key}" for key in ("lost", "undelivered", "unconfirmed")]
    wanted += [f"throughput.{key}" for key in run["throughput"]]
    wanted += [f"fleet.{key}" for key in run["fleet"] if key != "connect_failures"]
    wanted += [f"fleet.connect_failures.{cause}" for cause in run["fleet"]["connect_failures"]
               if f"connect.{cause}" not in run["errors"]]
    wanted += [f"errors.{cause}" for cause in run["errors"]]
    for side in ("generator", "server"):
        costs = run["resources"][side]
        wanted += [f"resources.{side}.{key}" for key in costs] if costs else [f"resources.{side}"]
    wanted += [f"wire.{key}" for key in run["wire"] if key != "encoding"]
    wanted += [f"thresholds.{i}.observed" for i in range(len(run["thresholds"]))]
    for i, phase in enumerate(run.get("phases", [])):
        if phase["kind"] == "stage" or phase["to_s"] > phase["from_s"]:
            wanted += [f"phases.{i}.{key}" for key in ("generated", "acknowledged", "delivered", "lost", "undelivered")]
    return wanted


def check_figures(name, report, page):
    runs = runs_of(report)
    for shown in page.figures:
        where = f"{name}: {shown['figure']} of run {shown['runs']}"
        right = expected([runs[run] for run in shown["runs"]], shown["figure"])
        if right is Ellipsis:
            continue
        value = json.loads(shown["value"])
        same = value == right if right is None or isinstance(right, int) else \
            value is not None and math.isclose(value, right, rel_tol=1e-12)
        expect(same, f"{where}: the page says {shown['value']}, the report {right}")
        if right is None:
            expect(shown["text"] in (DASH, "no data"), f"{where}: shows {shown['text']!r} for what is absent")
            expect(shown["text"] != DASH or shown["why"], f"{where}: does not say why it is absent")
        elif shown["figure"].startswith("latency.") and shown["figure"].endswith("_us"):
            expect(shown["text"] == duration_text(right), f"{where}: reads {shown['text']!r} for {right} us")
        elif shown["figure"].startswith(("tally.", "ledger.", "delivery.", "errors.", "fleet.")) and not figure_is_time(shown["figure"]):
            expect(shown["text"] == f"{right:,}", f"{where}: reads {shown['text']!r} for {right}")
        if shown["passed"]:
            threshold = runs[shown["runs"][0]]["thresholds"][int(shown["figure"].split(".")[1])]
            expect(json.loads(shown["passed"]) == threshold["passed"], f"{where}: passed is {shown['passed']}")
    told = {}
    for shown in page.figures:
        if len(shown["runs"]) == 1:
            told.setdefault(shown["runs"][0], set()).add(shown["figure"])
    for index, run in enumerate(runs):
        missing = [figure for figure in expected_of_a_run(run) if figure not in told.get(index, set())]
        expect(not missing, f"{name}: run {index} lacks {missing[:5]}")
    exceptions = sum(min(20, len(run["delivery"]["exceptions"])) for run in runs)
    expect(page.exceptions == exceptions, f"{name}: {page.exceptions} exceptions of {exceptions}")


def check_intervals(name, report, page):
    if report["kind"] != "run" or len(report["intervals"]) > 60:
        return
    expect(len(page.intervals) == len(report["intervals"]), f"{name}: {len(page.intervals)} intervals")
    for shown, interval in zip(page.intervals, report["intervals"]):
        cells = shown["cells"]
        where = f"{name}: interval at {interval['at_s']} s"
        expect(shown["at"] == interval["at_s"] and len(cells) == 13, f"{where}: stands at {shown['at']}: {cells}")
        width = interval.get("width_s", report["interval_s"])
        stages = [phase for phase in report.get("phases", []) if phase["kind"] == "stage" and phase["to_s"] > phase["from_s"]]
        end = max((phase["to_s"] for phase in stages), default=math.inf)
        due_width = min(width, max(0, end - interval["at_s"]))
        for cell, key, over in zip(cells[1:3], ("due", "acknowledged"), (due_width, width)):
            right = f"{round(interval[key] / over):,}" if over >= report["interval_s"] / 4 else DASH
            expect(cell == right, f"{where}: {key} reads {cell}, not {right}")
        for cell, key in zip(cells[4:7], ("connected", "in_flight", "cached")):
            expect(cell == f"{interval[key]:,}", f"{where}: {key} reads {cell}")
        if "errors" in interval and width >= report["interval_s"] / 4:
            expect(cells[12] == f"{round(interval['errors'] / width):,}", f"{where}: errors reads {cells[12]}")
        encoded = interval["response_histogram"]
        for cell, percent in zip(cells[8:11], (50, 95, 99)):
            right = DASH
            if encoded:
                counts = decoded(encoded)
                most, run_most = highest_us(max(counts)), greatest(report["latency"]["response"])
                if most <= run_most * 1.001:  # a sample's run may know nothing of its intervals
                    most = min(most, run_most)
                right = duration_text(merged_percentile(
                    [{"histogram": encoded, "count": sum(counts.values()), "unanswered": 0,
                      "max_us": interval.get("response_max_us", most)}],
                    percent))
            expect(cell == right, f"{where}: P{percent} reads {cell}, not {right}")


# ------------------------------------------------------------------------------------------------------- the browser

def browser(profile):
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for argument in ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                     "--disable-background-networking", "--disable-component-update", "--disable-sync",
                     "--disable-dev-shm-usage", f"--user-data-dir={profile}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)


# Of each canvas: its size, how many of its pixels are painted, and how many in a colour of the series; it stops
# counting when that is plenty.
LOOK = """
const style = getComputedStyle(document.documentElement);
const series = [1, 2, 3, 4, 5, 6].map(n => style.getPropertyValue('--series-' + n).trim().slice(1))
  .map(hex => [0, 2, 4].map(at => parseInt(hex.slice(at, at + 2), 16)));
return [...document.querySelectorAll('.plot canvas, .map canvas')].map(canvas => {
  const figure = canvas.closest('figure');
  const box = canvas.getBoundingClientRect();
  const pixels = canvas.width * canvas.height === 0 ? [] :
    canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  let painted = 0, drawn = 0;
  for (let i = 0; i < pixels.length && (painted <= 200 || drawn < 8); i += 4) {
    if (pixels[i + 3] > 0) { ++painted; }
    if (pixels[i + 3] > 200 && series.some(c => c.every((v, k) => Math.abs(v - pixels[i + k]) < 12))) { ++drawn; }
  }
  return { id: figure.id, painted, drawn, width: box.width, height: box.height };
});
"""
CHOOSE = """
const radios = [...document.querySelectorAll('input[type=radio]')];
radios.forEach(radio => radio.click());
return radios.length;
"""
STICKING_OUT = """
return [...document.querySelectorAll('body *')].filter(each => {
  const box = each.getBoundingClientRect();
  return box.width > 0 && box.right > arguments[0] + 1 && !each.closest('.box') && !each.closest('pre')
    && !each.matches('.skip');
}).map(each => each.tagName + '.' + each.className).slice(0, 5);
"""


def complaints(driver):
    return [entry["message"] for entry in driver.get_log("browser")]


def requests(driver):
    urls = []
    for entry in driver.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] in ("Network.requestWillBeSent", "Network.webSocketCreated"):
            urls.append(message["params"].get("request", message["params"]).get("url", "?"))
    return urls


def check_in_browser(driver, name, path, report, scheme, width):
    where = f"{name} at {width} ({scheme})"
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                           {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600})
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia",
                           {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
    driver.get(path.as_uri())
    asked = [url for url in requests(driver) if url != path.as_uri() and not url.startswith("data:")]
    expect(not asked, f"{where}: asks for {asked}")
    # Not innerWidth: a telephone zooms out until everything is seen.
    wide = driver.execute_script("return document.documentElement.scrollWidth")
    expect(wide <= width, f"{where}: the body is {wide} wide")
    out = driver.execute_script(STICKING_OUT, width)
    expect(not out, f"{where}: sticks out: {out}")

    canvases = driver.execute_script(LOOK)
    runs = runs_of(report)
    has_intervals = any(run["intervals"] for run in runs)
    wanted = {"spectrum"} if any(run["latency"]["service"] or run["latency"]["end_to_end"] for run in runs) else set()
    wanted |= {"throughput-time", "connected-time", "backlog-time"} if has_intervals else set()
    if any(interval["response_histogram"] for run in runs for interval in run["intervals"]):
        wanted |= {"latency-time", "heat"}
    found = {canvas["id"] for canvas in canvases}
    expect(wanted <= found, f"{where}: lacks the charts {wanted - found}")
    for canvas in canvases:
        expect(canvas["painted"] > 200 and canvas["width"] > 100 and canvas["height"] > 100,
               f"{where}: {canvas['id']} is blank: {canvas}")
        expect(canvas["id"] == "heat" or canvas["drawn"] >= 8, f"{where}: {canvas['id']} shows no line: {canvas}")
    expect(driver.execute_script(CHOOSE) > 0 or "spectrum" not in wanted, f"{where}: nothing to choose")
    said = complaints(driver)
    expect(not said, f"{where}: the console says {said}")
    return len(canvases)


def visible(value):
    """As pages and all other formats show letters that steer instead of showing anything; broken UTF-8 was one \\xff."""
    if isinstance(value, dict):
        return {visible(key): visible(each) for key, each in value.items()}
    if isinstance(value, list):
        return [visible(each) for each in value]
    if not isinstance(value, str):
        return value
    return value.replace("\u2028", "\\u2028").replace("\ufffd", "\\xff").replace("\x01", "\\x01")


def check_hostile(driver, page, report):
    """Text is text, wherever it came from."""
    scripts = driver.execute_script("return document.scripts.length")
    expect(scripts == 3, f"hostile: {scripts} scripts")
    for tag in ("img", "b", "i", "u"):
        expect(tag not in page.tags, f"hostile: <{tag}> got through")
        expect(driver.execute_script(f"return document.querySelectorAll('{tag}').length") == 0, f"hostile: <{tag}>")
    attributes = driver.execute_script(
        "return [...document.querySelectorAll('*')].flatMap(e => [...e.attributes]).filter(a => a.name.startsWith('on')).length")
    expect(attributes == 0, "hostile: an event handler got through")
    name = report["scenario"]["name"]
    expect(page.title == name, f"hostile: the title reads {page.title!r}, not {name!r}")
    expect(driver.execute_script("return document.querySelector('h1').textContent") == name, "hostile: h1")
    blocked = driver.execute_async_script("""
        const done = arguments[0];
        fetch('http://127.0.0.1:9/').then(() => done('sent'), error => done(String(error)));""")
    expect(blocked != "sent", f"hostile: a request was let through: {blocked}")
    complaints(driver)  # of that request


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="portillon-page-"))
    driver = None
    try:
        subprocess.run([sys.argv[1], str(folder)], check=True, timeout=120)
        profile = folder / "profile"
        profile.mkdir()
        driver = browser(profile)
        driver.get("about:blank")
        requests(driver)  # of the browser's own first page
        names = sorted(path.stem for path in folder.glob("*.json"))
        figures = charts = 0
        for name in names:
            report = visible(json.loads((folder / f"{name}.json").read_text(encoding="utf-8")))
            path = folder / f"{name}.html"
            text = path.read_text(encoding="utf-8")
            page = Page(text)
            check_figures(name, report, page)
            check_intervals(name, report, page)
            figures += len(page.figures)
            expect("Content-Security-Policy" in text and "default-src 'none'" in text, f"{name}: no policy")
            for width in WIDTHS:
                scheme = "dark" if (names.index(name) + WIDTHS.index(width)) % 2 else "light"
                charts += check_in_browser(driver, name, path, report, scheme, width)
            if name == "hostile":
                check_hostile(driver, page, report)
        paper = driver.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})
        expect(base64.b64decode(paper["data"]).startswith(b"%PDF") and not complaints(driver), "cannot be printed")
        size = (folder / "large.html").stat().st_size
        expect(size <= 2_000_000, f"large: {size} bytes of HTML")
        expect((folder / "large.json").stat().st_size <= 5_000_000, "large: more than 5 MB of JSON")
        print(f"{len(names)} pages, {figures} figures, {charts} charts, {len(failures)} failures")
    finally:
        if driver:
            driver.quit()
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(1 if failures else 0)


main()
