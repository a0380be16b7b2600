"""report.html, index.html and comparison.html in a real Chromium: without a network, by keyboard, on a phone, on paper, light and dark.

Needs Playwright (`pip install playwright`) and `chromium` on the PATH; its own browsers aren't fetched.
"""

import os
import re
import shutil

import made_ct
import numpy as np
import pytest

SHAPE = (16, 40, 48)
SPACING = (0.75, 0.75, 2.0)
# Centres (column, row, slice) and radii in mm. The last but one touches the edge of the scan, which flags it.
BALLS = [((12, 14, 8), 6.0), ((30, 30, 9), 5.0), ((44, 12, 7), 4.0), ((30, 8, 4), 1.5)]
# A name that would be elements, attributes and entities if it weren't escaped.
HOSTILE = 'a<b onclick="x">&amp;\'%23#é'
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PHONE = {"width": 360, "height": 740}
PAGES = ["chest/report.html", "index.html", "change/comparison.html"]
# WCAG 2.2, 1.4.3: contrast of text.
AA = 4.5


@pytest.fixture(scope="module")
def browser():
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        pytest.skip("SKIPPED: Playwright is missing (pip install playwright)")
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if not path:
        pytest.skip(f"SKIPPED: none of {', '.join(BROWSERS)} is on the PATH (apt-get install chromium)")
    # Chromium's sandbox doesn't start for root.
    words = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=words)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def results(sam2lung, bundles, tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    hu = np.full(SHAPE, made_ct.LUNG_HU)
    for centre, radius in BALLS:
        hu[made_ct.ball(SHAPE, centre, radius, SPACING)] = 50
    cts = [made_ct.write(folder / f"{name}.nii.gz", hu, SPACING) for name in (HOSTILE, "chest")]
    words = ("--output", folder / "out", "--model", bundles / "tiny-noise", "--lung-mask", "off")
    sam2lung.segment(*cts, folder / "missing.nii.gz", *words, "--samples", 6, status=1)
    compare(sam2lung, bundles, folder)
    return folder / "out"


def compare(sam2lung, bundles, folder):
    """Three scans of one made chest: a ball that stays, one that grows, one that comes and one that goes."""
    scans = {HOSTILE.replace("<", "-") + "1": "1,0.4,0,1", "second": "1,0.6,0,1", "third": "1,1.2,1,0"}
    balls = ("--seed", 3, "--diameters", "12,11,10,9", "--spacing", "3,3,4")
    for n, (name, factors) in enumerate(scans.items()):
        words = (*balls, "--volume-factors", factors, "--noise-seed", n)
        assert sam2lung("phantom", folder / f"{name}.nii.gz", *words).returncode == 0
    words = ("--output", folder / "out" / "change", "--model", bundles / "tiny-identity", "--samples", 4)
    # The tiny model outlines vessels as well: the smallest diameter leaves most of them out.
    words = (*words, "--min-diameter", 7)
    files = [folder / f"{name}.nii.gz" for name in scans]
    done = sam2lung("compare", *files, "--days", 400, "--days", 200, *words, "--device", "cpu")
    assert done.returncode == 0, done.stderr


@pytest.fixture
def opened(browser, results):
    """Opens a page; at the end nothing may have been loaded from elsewhere, and nothing may have been complained of."""
    contexts, complaints = [], []

    def show(file="chest/report.html", **settings):
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, "offline": True, **settings})
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: request.url.startswith(("file:", "data:")) or complaints.append(request.url))
        page.goto((results / file).as_uri())
        return page

    yield show
    [context.close() for context in contexts]
    assert complaints == []


def rows(page, table):
    return page.locator(f"#{table} tbody th").all_inner_texts()


def tab_to(page, locator):
    """Goes there by the Tab key alone."""
    wanted = locator.element_handle()
    for _ in range(200):
        page.keyboard.press("Tab")
        if page.evaluate("wanted => wanted === document.activeElement", wanted):
            return
    raise AssertionError("the Tab key doesn't get there")


def test_first_stop_of_the_keyboard_skips_to_the_findings(opened):
    page = opened()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#main"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_table_begins_with_the_flagged_and_is_sorted_by_keyboard(opened):
    page = opened()
    assert rows(page, "all-nodules") == ["Nodule 3", "Nodule 1", "Nodule 2"]
    head = page.get_by_role("columnheader", name=re.compile("^Volume"))
    tab_to(page, head.get_by_role("button"))
    for key, order, names in (
        ("Enter", "descending", ["Nodule 1", "Nodule 2", "Nodule 3"]),
        ("Space", "ascending", ["Nodule 3", "Nodule 2", "Nodule 1"]),
    ):
        page.keyboard.press(key)
        assert (head.get_attribute("aria-sort"), rows(page, "all-nodules")) == (order, names)
        assert page.locator("[aria-sort]").count() == 1
        assert page.get_by_role("status").inner_text().startswith("Sorted by Volume")


def test_slices_are_moved_by_keyboard_and_their_outlines_with_them(opened):
    page = opened()
    nodule = page.locator("#nodule-1")
    slider = nodule.get_by_role("slider")
    assert nodule.locator(".axial .slice").inner_text() == "9"
    tab_to(page, slider)
    stack = nodule.locator("[data-stack]").first
    pitch = int(stack.get_attribute("data-stack"))
    before = int(slider.input_value())
    page.keyboard.press("ArrowRight")
    assert nodule.locator(".axial .slice").inner_text() == "10"
    assert slider.get_attribute("aria-valuetext") == "slice 10 of 16"
    assert stack.get_attribute("transform") == f"translate(0 {-(before + 1) * pitch})"
    page.keyboard.press("Home")
    assert nodule.locator(".axial .slice").inner_text() == "1" or int(slider.input_value()) == 0
    # 15 slices of 16, each with a picture in the stack.
    assert len(slider.get_attribute("data-slices").split()) == 15


def test_outlines_lie_on_the_ball_that_they_outline(opened):
    page = opened()
    svg = page.locator("#nodule-1 .axial svg").first
    frame, outline = svg.bounding_box(), page.locator("#nodule-1 .axial path.own").all()
    shown = [path.bounding_box() for path in outline]
    boxes = [box for box in shown if frame["y"] <= box["y"] + box["height"] / 2 <= frame["y"] + frame["height"]]
    assert len(boxes) == 1, "the outline of the shown slice alone lies in the picture"
    # 12 mm of the 50 mm that are shown; half a voxel and the stroke on each side.
    scale = frame["width"] / 50
    assert boxes[0]["width"] == pytest.approx(12 * scale, abs=1.0 * scale)
    middle = [boxes[0]["x"] + boxes[0]["width"] / 2 - frame["x"], boxes[0]["y"] + boxes[0]["height"] / 2 - frame["y"]]
    assert middle == pytest.approx([frame["width"] / 2] * 2, abs=0.5 * scale)


@pytest.mark.parametrize("script", [True, False])
def test_switches_show_outlines_samples_and_uncertainty_with_and_without_a_script(opened, script):
    page = opened(java_script_enabled=script)
    for name, layer, begins in (
        ("Outline", "path.own", True),
        ("Outlines of samples", "path.samples", False),
        ("Uncertainty", ".heat", False),
    ):
        layer, switch = page.locator(f"#nodule-1 {layer}").first, page.get_by_label(name, exact=True)
        for shown in (begins, not begins):
            assert (layer.is_visible(), switch.is_checked()) == (shown, shown)
            switch.press("Space")
    # Without a script there is no slider that does nothing.
    assert page.get_by_role("slider").count() == (3 if script else 0)
    assert page.locator("#nodule-1 svg[role=img]").count() == 3


CONTRASTS = """() => {
  const rgb = text => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = c => { const f = v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
                       return 0.2126 * f(c[0]) + 0.7152 * f(c[1]) + 0.0722 * f(c[2]); };
  const behind = e => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor);
                        if (c.length === 3 || c[3] > 0) return c; } return [255, 255, 255]; };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode());) {
    const e = node.parentElement;
    if (!node.textContent.trim() || e.closest("svg, script, style, .unseen") || !e.getClientRects().length) continue;
    const [a, b] = [light(rgb(getComputedStyle(e).color)), light(behind(e))];
    found.push([(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), e.tagName + " " + node.textContent.trim().slice(0, 30)]);
  }
  return found;
}"""


@pytest.mark.parametrize("file", PAGES)
def test_light_and_dark_differ_and_every_text_can_be_read(opened, file):
    papers = []
    for scheme in ("light", "dark"):
        page = opened(file, color_scheme=scheme)
        papers.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        found = page.evaluate(CONTRASTS)
        assert len(found) > 20
        assert [text for contrast, text in found if contrast < AA] == []
    assert papers == ["rgb(252, 252, 251)", "rgb(18, 21, 25)"]


@pytest.mark.parametrize("file", PAGES)
def test_phone_shows_all_without_scrolling_sideways(opened, file):
    page = opened(file, viewport=PHONE, has_touch=True)
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    table = page.locator(".scroll").last
    assert table.evaluate("e => e.scrollWidth > e.clientWidth"), "the table scrolls by itself"
    table.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(300)
    assert table.evaluate("e => e.scrollLeft") > 0
    # Whatever isn't in a table that scrolls by itself lies within the window.
    beyond = "e => { const r = e.getBoundingClientRect(); return r.width > 0 && r.right > innerWidth + 0.5; }"
    elements = page.locator("body :is(h1, h2, h3, p, li, dt, dd, figure, input, pre, button, label)").all()
    assert [e.inner_text() for e in elements if e.evaluate(f"e => !e.closest('.scroll, .skip') && ({beyond})(e)")] == []


def test_paper_is_white_without_controls_and_has_every_nodule(opened, tmp_path):
    page = opened(color_scheme="dark")
    file = page.pdf(format="A4")
    assert file.startswith(b"%PDF") and file.count(b"/Type /Page\n") + file.count(b"/Type /Page ") >= 2
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    for control in ("nav", ".switches", "input[type=range]", "button[data-copy]"):
        assert not page.locator(control).first.is_visible(), control
    assert all(page.locator(f"#nodule-{n} svg").first.is_visible() for n in (1, 2, 3))
    assert [text for contrast, text in page.evaluate(CONTRASTS) if contrast < AA] == []


@pytest.mark.parametrize("file", PAGES)
def test_screen_reader_finds_headings_captions_names_and_labels(opened, file):
    page = opened(file)
    levels = [int(tag[1]) for tag in page.locator("h1, h2, h3").evaluate_all("all => all.map(e => e.tagName)")]
    assert levels.count(1) == 1 and levels[0] == 1
    assert all(after - before <= 1 for before, after in zip(levels, levels[1:]))
    assert page.get_by_role("main").count() == page.get_by_role("navigation").count() == 1
    assert page.locator("table").count() == page.locator("table > caption").count() > 0
    assert (
        page.locator("td, th").count() > 0
        and page.locator("thead th:not([scope=col]), tbody th:not([scope=row])").count() == 0
    )
    for kind in ("svg[role]", "input", "a", "button", "[role=region]"):
        for element in page.locator(kind).all():
            named = "e => e.ariaLabel || e.textContent.trim() || e.labels?.[0]?.textContent || e.getAttribute('aria-labelledby')"
            assert element.evaluate(named), element.evaluate("e => e.outerHTML.slice(0, 200)")
    ids = page.locator("[id]").evaluate_all("all => all.map(e => e.id)")
    assert len(ids) == len(set(ids))
    targets = page.locator("a[href^='#']").evaluate_all("all => all.map(e => e.getAttribute('href').slice(1))")
    assert set(targets) <= set(ids)


def test_text_can_be_copied_and_is_that_of_the_file(opened, results):
    page = opened()
    text = page.locator("#findings").evaluate("e => e.textContent")
    assert text == (results / "chest" / "findings.txt").read_text()
    tab_to(page, page.get_by_role("button", name="Copy the text"))
    page.keyboard.press("Enter")
    page.locator("#said:not(:empty)").wait_for(state="attached")
    assert page.get_by_role("status").inner_text() in ("The text was copied", "The text is selected")


def test_index_leads_to_the_reports_whatever_they_are_called(opened):
    page = opened("index.html")
    assert sorted(rows(page, "all-cts")) == sorted([HOSTILE, "chest"])
    assert "E_READ" in page.locator("#all-failed").inner_text()
    page.get_by_role("link", name=HOSTILE).click()
    assert page.get_by_role("heading", level=1).inner_text() == f"Lung nodules in {HOSTILE}"
    assert page.title() == f"Lung nodules in {HOSTILE}"


def test_index_is_sorted_by_keyboard(opened):
    page = opened("index.html")
    head = page.locator("#all-cts").get_by_role("columnheader", name=re.compile("^CT"))
    tab_to(page, head.get_by_role("button"))
    orders = []
    for _ in range(2):
        page.keyboard.press("Enter")
        orders.append(rows(page, "all-cts"))
    assert orders == [[HOSTILE, "chest"], ["chest", HOSTILE]]


def test_comparison_has_grown_and_new_first_and_is_sorted_by_keyboard(opened):
    page = opened("change/comparison.html")
    statuses = page.locator("#all-nodules tbody tr td:nth-child(2)").all_inner_texts()
    order = ["Grown", "New", "Cut off", "Not searched before", "Gone", "Not searched now", "Shrunk", "Stable"]
    ranks = [next(n for n, word in enumerate(order) if status.startswith(word)) for status in statuses]
    assert ranks == sorted(ranks) and len(set(ranks)) > 2
    head = page.locator("#all-nodules").get_by_role("columnheader", name=re.compile("^Change"))
    tab_to(page, head.get_by_role("button"))
    page.keyboard.press("Enter")
    keys = page.locator("#all-nodules tbody tr td:nth-child(5)").evaluate_all("all => all.map(e => e.dataset.key)")
    known = [float(key) for key in keys if key]
    assert known == sorted(known, reverse=True) and len(known) > 1
    assert all(keys[: len(known)]), "what has no change comes last"


def test_comparison_shows_both_cts_alike_in_place_and_scale(opened):
    page = opened("change/comparison.html")
    grown = page.locator("article", has=page.get_by_role("heading", name=re.compile("^Grown"))).first
    assert grown.locator("svg[role=img]").count() == 6
    sides = [grown.locator(".axial svg[role=img]").nth(n) for n in (0, 1)]
    frames, boxes = ([side.locator(part).first.bounding_box() for side in sides] for part in ("rect", "path.own"))
    assert frames[0]["width"] == frames[1]["width"] and frames[0]["y"] == frames[1]["y"]
    assert boxes[1]["width"] > boxes[0]["width"]
    for frame, box in zip(frames, boxes):
        middle = [box["x"] + box["width"] / 2 - frame["x"], box["y"] + box["height"] / 2 - frame["y"]]
        # Voxels of 3 mm in a picture of 50 mm.
        assert middle == pytest.approx([frame["width"] / 2] * 2, abs=3 / 50 * frame["width"])
    switch = page.get_by_label("Outline", exact=True)
    switch.press("Space")
    assert not grown.locator("path.own").first.is_visible()


def test_comparison_on_paper_has_every_nodule_and_its_text_is_that_of_the_file(opened, results):
    page = opened("change/comparison.html", color_scheme="dark")
    assert page.pdf(format="A4").startswith(b"%PDF")
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert all(article.locator("svg").first.is_visible() for article in page.locator("article").all())
    assert [text for contrast, text in page.evaluate(CONTRASTS) if contrast < AA] == []
    text = page.locator("#findings").evaluate("e => e.textContent")
    assert text == (results / "change" / "comparison.txt").read_text()
