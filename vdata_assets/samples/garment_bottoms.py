"""Outlines of lower garments; see :mod:`vdata_assets.samples.garment_shapes`."""

import numpy as np

from vdata_assets.samples.garment_kinds import Article
from vdata_assets.samples.garment_shapes import Line, Measure, Outline, Piece, Tone, bow, mirrored, points

WAIST, HIP, CROTCH = -1.2, -0.72, -0.4
# Outer and inner half width at the hem, and the hem's height.
LEGS: dict[str, tuple[float, float, float]] = {
    "Shorts": (0.6, 0.05, -0.02),
    "Pants": (0.52, 0.1, 1.4),
    "Denim": (0.45, 0.12, 1.42),
}


def lower(article: Article, measure: Measure, back: bool) -> Outline:
    """A lower garment."""
    waist, hip = measure("waist", 0.34), measure("hip", 0.46)
    skirt = article.category == "Skirts"
    if skirt:
        outer, inner = measure("flare", 1) ** 4 * 0.62, 0.0
        bottom = WAIST + 1.2 * measure("length", 1) ** 3
        side = [points((0, WAIST), (waist, WAIST)), bow((waist, WAIST), (hip, WAIST + 0.3), (outer, bottom))]
        side.append(bow((outer, bottom), (outer / 2, bottom + 0.06), (0, bottom + 0.06)))
    else:
        outer, inner, bottom = LEGS[article.category]
        outer = outer * measure("flare", 1) ** 3
        bottom = WAIST + (bottom - WAIST) * measure("length", 1)
        side = [points((0, WAIST), (waist, WAIST)), bow((waist, WAIST), (hip, HIP - 0.2), (hip, HIP))]
        side.append(points((outer, bottom), (inner, bottom), (0.02, CROTCH)))
    cloth = Piece("cloth", mirrored(np.concatenate(side)))
    band = Piece("trim", mirrored(points((waist, WAIST), (waist + 0.03, WAIST + 0.1))))
    lines = _lines(article, back, waist, hip, outer, inner, bottom)
    reach = max(outer, hip)
    return Outline((), (cloth, band), tuple(lines), WAIST, bottom, reach)


def _lines(
    article: Article, back: bool, waist: float, hip: float, outer: float, inner: float, bottom: float
) -> list[Line]:
    tone: Tone = "stitch" if article.material == "denim" else "dark"
    lines = []
    if article.category == "Skirts":
        for x in (-0.5, 0.0, 0.5):
            lines.append(Line(points((x * waist, WAIST + 0.25), (x * outer, bottom)), "dark", 0.02))
        return lines
    lines.append(Line(points((0, WAIST + 0.1), (0, CROTCH)), "dark", 0.02))
    for x in (-1, 1):
        if back:
            corners = ((0.1, -0.92), (0.3, -0.92), (0.3, -0.72), (0.2, -0.66), (0.1, -0.72), (0.1, -0.92))
            lines.append(Line(points(*((x * u, v) for u, v in corners)), tone, 0.02))
        else:
            pocket = bow((x * waist * 0.55, WAIST + 0.1), (x * waist * 0.7, -0.9), (x * hip, -0.88))
            lines.append(Line(pocket, tone, 0.02))
        if article.category == "Pants":
            middle = (outer + inner) / 2
            lines.append(Line(points((x * 0.24, CROTCH), (x * middle, bottom)), "light", 0.012))
        if article.material == "denim":
            lines.append(Line(points((x * hip, HIP), (x * (outer - 0.02), bottom)), "stitch", 0.014))
            hem = points((x * inner, bottom - 0.06), (x * outer, bottom - 0.06))
            lines.append(Line(hem, "stitch", 0.016))
    return lines
