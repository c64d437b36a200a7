"""Pages that stand alone in a browser: nothing is loaded, no script runs, text from outside stays text."""

import base64
import html
from hashlib import sha256

from vdata_assets.reports.embed import data_uri
from vdata_assets.reports.names import one_line

STYLE = """
:root { color-scheme: light; }
body { margin: 0 auto; padding: 1rem; max-width: 90rem; background: #fff; color: #1a1a1a;
  font: 16px/1.45 system-ui, sans-serif; }
h1 { margin: 0 0 .5rem; } h2 { margin: 2rem 0 .5rem; } h3 { margin: 0; font-size: 1rem; }
a { color: #00558c; }
a:focus-visible, select:focus-visible, summary:focus-visible, [tabindex]:focus-visible {
  outline: 3px solid #d55e00; outline-offset: 2px; }
img { max-width: 100%; height: auto; }
.skip { position: absolute; left: -100rem; } .skip:focus { position: static; }
table { border-collapse: collapse; } caption { text-align: left; padding: .3rem 0; }
th, td { padding: .3rem .6rem; border-bottom: 1px solid #d9d9d9; text-align: left; }
td.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; }
"""


def text(value: object) -> str:
    """The value as text of a page or of an attribute in double quotes: on one line, nothing in it is markup.

    Control and bidi override characters become U+FFFD.
    """
    return html.escape(one_line(str(value)), quote=True)


def picture(alternative: str, data: bytes, attributes: str = "") -> str:
    """An embedded picture.

    Args:
        alternative: text for whoever does not see it, escaped here.
        data: a whole JPEG or PNG file.
        attributes: further ones, as they stand in the page.
    """
    space = " " if attributes else ""
    return f'<img src="{data_uri(data)}" alt="{text(alternative)}"{space}{attributes}>'


def page(title: str, body: str, style: str = "") -> str:
    """A whole page, under a policy that allows this style, pictures within the page, and nothing else.

    Args:
        title: escaped here.
        body: what stands in ``<body>``, as it is.
        style: CSS that follows the common :data:`STYLE`.
    """
    css = STYLE + style
    digest = base64.b64encode(sha256(css.encode()).digest()).decode("ascii")
    policy = (
        f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="referrer" content="no-referrer">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{text(title)}</title>\n<style>{css}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )
