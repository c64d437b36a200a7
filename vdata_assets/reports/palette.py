"""Colours with one meaning in every picture; told apart with any colour vision.

Source: Okabe and Ito, Color Universal Design, 2008 (https://jfly.uni-koeln.de/color/).
"""

SPLIT_COLOURS = {"train": "#0072B2", "test": "#E69F00", "negative": "#CC79A7"}
UNREADABLE = "#8C8C8C"
POSITIVE = "#009E73"
DISTRACTOR = "#D55E00"
QUERY = "#000000"
SAMPLE_SPLIT_COLOURS = {"train": "#0072B2", "val": "#56B4E9", "test": "#E69F00"}
LABEL_COLOURS = ("#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7")
FAULTY = "#D55E00"
