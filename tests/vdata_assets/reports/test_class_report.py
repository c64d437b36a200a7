"""The report of conversations counts before and after oversampling, and shows text from outside as text."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from made_class_tables import images, sample, samples, templates
from markdown_it import MarkdownIt
from PIL import Image

from vdata_assets.reports.class_figures import figures_of
from vdata_assets.reports.class_report import class_report_markdown, write_class_report

HOSTILE = '<script>alert(1)</script>|"`]( \u202e\n# $x$'
TITLES = ["Samples per class", "Template usage", "Turns", "Conversations", "Unreadable images"]
FILES = images(
    {
        **dict.fromkeys((f"owl/{number}.jpg" for number in range(4)), None),
        "owl/bad.jpg": "image file is truncated",
        "emu/0.jpg": None,
        "emu/left out.jpg": None,
        "ibis/0.jpg": None,
    }
)
DRAWN = samples(
    [
        *(sample(f"owl/{number}.jpg") for number in range(3)),
        sample("owl/3.jpg", "val"),
        *(sample("emu/0.jpg", copy=copy, turns=[("user", "?"), ("assistant", "!")] * 2) for copy in range(3)),
        sample("ibis/0.jpg", "spare"),
    ]
)
USED = templates(
    [
        ("What?", "question", "train", 4),
        ("Which?", "question", "train", 5),
        ("Which?", "question", "val", 1),
        ("This.", "answer", "train", 10),
        ("Is it?", "other", "spare", 2),
    ]
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A picture for every file of FILES."""
    folder = tmp_path / "raw"
    for path in FILES["path"]:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (60, 40), "#00C000").save(folder / path)
    return folder


def test_classes_are_counted_before_and_after_oversampling():
    figures = figures_of(DRAWN, FILES, USED)
    assert figures.splits == ("train", "val", "spare")
    columns = ["class", "images", "unreadable", "unused", "before train", "after train", "before val"]
    assert figures.classes.select(columns).rows() == [
        ("owl", 5, 1, 0, 3, 3, 1),
        ("emu", 2, 0, 1, 1, 3, 0),
        ("ibis", 1, 0, 0, 0, 0, 0),
    ]
    assert (figures.imbalance("before"), figures.imbalance("after")) == (3.0, 1.0)
    assert figures.without_train() == ["ibis"]
    assert (figures.samples("before"), figures.samples("after")) == (6, 8)
    assert figures.turns.rows() == [(2, 5), (4, 3)]
    assert figures.mean_turns() == 22 / 8


def test_templates_are_counted_by_split_the_kinds_in_the_order_given():
    usage = figures_of(DRAWN, FILES, USED).templates
    assert usage.select("kind", "template", "times", "times train", "times val", "times spare").rows() == [
        ("question", "Which?", 6, 5, 1, 0),
        ("question", "What?", 4, 4, 0, 0),
        ("answer", "This.", 10, 10, 0, 0),
        ("other", "Is it?", 2, 0, 0, 2),
    ]


def test_lazy_samples_count_the_same():
    eager, lazy = (figures_of(table, FILES, USED) for table in (DRAWN, DRAWN.lazy()))
    assert lazy.classes.equals(eager.classes)
    assert lazy.turns.equals(eager.turns)


def test_the_ui_shows_tables_plots_and_a_sheet(root):
    shown = class_report_markdown(DRAWN, FILES, USED, root=root)
    assert list(shown) == TITLES
    classes = shown["Samples per class"]
    assert classes.startswith(
        "8 images of 3 classes, 1 unreadable and 1 not used: 6 samples. Oversampling added 2: 8 in all."
    )
    assert (
        "The largest class has 3.0 times the train samples of the smallest, 1.0 times after oversampling. "
        "Without a train sample: ibis."
    ) in classes
    assert "| train | 4 | 66.67 | 6 | 75.00 |" in classes
    assert "| emu | 2 | 0 | 1 | 1 | 0 | 0 | 3 |" in classes
    assert r"| question | Which\? | 6 | 60.00 | 5 | 1 | 0 |" in shown["Template usage"]
    assert shown["Turns"].startswith("2 to 4 turns a sample, 2.75 on average.")
    assert r"| owl | owl\/bad\.jpg | image file is truncated |" in shown["Unreadable images"]
    pictures = [re.findall(r"\]\(data:image/(\w+);base64,", text) for text in shown.values()]
    assert pictures == [["png"], ["png"], ["png"], ["jpeg"], []]
    assert sum(map(len, shown.values())) < 400_000


def test_the_files_say_the_same(root, tmp_path):
    write_class_report(DRAWN, FILES, USED, root=root, out=tmp_path, title="Birds")
    content = json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))
    assert content["images"] == {"images": 8, "unreadable": 1, "unused": 1}
    assert content["samples"] == {"before": 6, "after": 8}
    assert content["splits"]["train"] == {
        "before": 4,
        "after": 6,
        "share_before": 4 / 6,
        "share_after": 0.75,
    }
    assert content["train_imbalance"] == {"before": 3.0, "after": 1.0}
    assert content["without_train"] == ["ibis"]
    assert content["classes"][1] == {
        "class": "emu",
        "images": 2,
        "unreadable": 0,
        "unused": 1,
        "before": {"train": 1, "val": 0, "spare": 0},
        "after": {"train": 3, "val": 0, "spare": 0},
    }
    assert content["templates"][0]["times"] == {"train": 5, "val": 1, "spare": 0}
    assert content["turns"] == {"mean": 2.75, "samples": {"2": 5, "4": 3}}
    assert content["unreadable"] == [
        {"class": "owl", "path": "owl/bad.jpg", "reason": "image file is truncated"}
    ]
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.count('<img src="data:image/png;') == 3
    assert page.count('<img src="data:image/jpeg;') == DRAWN.height
    assert page.count('<article class="train">') == 6
    assert page.count('<article class="other">') == 1
    assert '<td><bdi>emu</bdi></td><td class="number">2</td>' in page
    assert '<dt>assistant</dt><dd dir="auto">An owl.</dd>' in page


class Elements(HTMLParser):
    """Every element's name and attributes; complains of an end tag without its start."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_text_from_outside_is_text_everywhere(tmp_path):
    path = "a/\u202e<b>.jpg"
    row = sample(path, turns=[(HOSTILE, HOSTILE), ("assistant", "one\n<i>two</i>")])
    row |= {"sample_id": HOSTILE, "class": HOSTILE}
    files = images({path: HOSTILE})
    used = templates([(HOSTILE, HOSTILE, "train", 3), (HOSTILE, "question", HOSTILE, 1)])
    tables = samples([row]), files, used
    write_class_report(*tables, root=tmp_path, out=tmp_path, title=HOSTILE)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    elements = Elements()
    elements.feed(page)
    elements.close()
    assert elements.open == []
    assert {tag for tag, _ in elements.found}.isdisjoint({"script", "b", "i", "link", "iframe", "a"})
    for tag, attributes in elements.found:
        assert not any(name.startswith("on") for name in attributes)
        assert tag != "img" or str(attributes["src"]).startswith("data:image/png;base64,")
    assert "\u202e" not in page
    assert "one<br>&lt;i&gt;two&lt;/i&gt;" in page
    assert "no picture: &lt;script&gt;" in page
    for text in class_report_markdown(*tables, root=tmp_path).values():
        rendered = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
        assert "<script" not in rendered
        assert "\u202e" not in text
        assert "<h1>" not in rendered
        assert set(re.findall(r'<img src="([^;]+);', rendered)) <= {"data:image/png", "data:image/jpeg"}


def test_nothing_at_all_is_a_report_too(tmp_path):
    tables = samples(), images({}), templates()
    shown = class_report_markdown(*tables, root=tmp_path)
    assert shown["Samples per class"].startswith(
        "0 images of 0 classes, 0 unreadable and 0 not used: 0 samples. Oversampling added 0: 0 in all."
    )
    assert "There is no train sample." in shown["Samples per class"]
    assert shown["Turns"].startswith("There is no sample.")
    assert shown["Unreadable images"] == "Every image is readable."
    write_class_report(*tables, root=tmp_path, out=tmp_path, title="Nothing")
    content = json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))
    assert content["train_imbalance"] == {"before": None, "after": None}
    assert "<p>Every image is readable.</p>" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_a_very_long_text_is_cut_and_the_page_says_so(root, tmp_path):
    drawn = samples([sample("owl/0.jpg", turns=[("user", "word " * 100_000), ("assistant", "")])])
    write_class_report(drawn, FILES, USED, root=root, out=tmp_path, title="Long")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "… (498,000 more characters)</dd>" in page
    assert len(page) < 200_000


def test_the_same_bytes_whatever_the_order_of_the_rows(root, tmp_path):
    written = []
    for number, arranged in enumerate((lambda table: table, lambda table: table.reverse())):
        out = tmp_path / str(number)
        out.mkdir()
        write_class_report(arranged(DRAWN), arranged(FILES), USED, root=root, out=out, title="Birds")
        written.append({file.name: file.read_bytes() for file in out.iterdir()})
    assert sorted(written[0]) == ["figures.json", "report.html"]
    assert written[0] == written[1]
