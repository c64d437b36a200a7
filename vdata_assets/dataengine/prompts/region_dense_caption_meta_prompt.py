"""How the regions of a picture are named."""

from vdata_assets.dataengine.prompts.template import Template

REGION_CAPTIONS = Template(
    "region_captions",
    1,
    """\
Look at the photo and name the regions in it that are worth segmenting.

A region is anything whose visible outline a person could trace: an object, a person, an animal, a part \
that stands out by itself (the sail of a boat), like things that touch or stand together (a row of parked \
bicycles), or a surface (a lawn, a wall, a road).

Name 5 to 7 regions, never more than 8. If the photo shows fewer, name fewer; if there is nothing to trace, \
give an empty list.

Choose regions that
- a person would talk about, in the foreground and in the background, large ones and small ones;
- are clearly visible and at least about one thirtieth of the photo wide and high;
- differ from each other in what can be seen. Of several things of one kind, name each by what sets it apart \
("woman in green coat", "man with umbrella"), or name them together as one group, never both.

Do not name
- the whole scene, light, weather, shadows, reflections, moods, or what a text says;
- anything that you only suppose: hidden, outside the frame, or too blurred to be sure of;
- the same region twice in other words.

For each region give
- label: a lower-case noun phrase of one to six words without article and without position: "wooden chair", \
not "the chair on the left". Each label must occur once.
- attributes: up to five short traits that can be seen: colour, material, pattern, size, shape, state, \
posture. Nothing that is already in the label, nothing guessed.
- place: where its centre lies, as one of the nine parts of the photo.

Example for a photo of a kitchen table:
{"regions": [{"label": "ceramic teapot", "attributes": ["white", "blue pattern"], "place": "center"}, \
{"label": "halved lemon", "attributes": ["yellow", "cut side up"], "place": "lower right"}, \
{"label": "checked tablecloth", "attributes": ["red and white"], "place": "lower center"}]}

Answer with JSON of that form only.
""",
)
