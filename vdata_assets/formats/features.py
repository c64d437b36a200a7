"""What a sample holds, in the words in which formats say what they can express."""

from functools import lru_cache

from vdata_assets.formats.conversation import Feature, Picture, Sample

# Sets of features as bits, for this is asked of every sample and hashing an Enum takes Python code.
BITS = {feature: 1 << place for place, feature in enumerate(Feature)}
ID, SYSTEM, WEIGHT, LABEL, METADATA = (
    BITS[feature] for feature in (Feature.ID, Feature.SYSTEM, Feature.WEIGHT, Feature.LABEL, Feature.METADATA)
)
PATH, URL, DATA = BITS[Feature.PATH], BITS[Feature.URL], BITS[Feature.DATA]
NO_PICTURE, SEVERAL_PICTURES = BITS[Feature.NO_PICTURE], BITS[Feature.SEVERAL_PICTURES]
PICTURE_PLACE, PICTURE_ANYWHERE = BITS[Feature.PICTURE_PLACE], BITS[Feature.PICTURE_ANYWHERE]
ASSISTANT_PICTURE, SEVERAL_ROUNDS = BITS[Feature.ASSISTANT_PICTURE], BITS[Feature.SEVERAL_ROUNDS]
BOXES, MASKS, SIZES = BITS[Feature.BOXES], BITS[Feature.MASKS], BITS[Feature.SIZES]


def features_of(sample: Sample) -> frozenset[Feature]:
    """What a format has to express to say the sample.

    An object without a box and a mask counts as one with a box.
    """
    return _features(_bits(sample))


def require(sample: Sample, expresses: frozenset[Feature], name: str) -> None:
    """Make sure that a format can say a sample.

    Args:
        sample: what is to be written.
        expresses: of the format.
        name: of the format.

    Raises:
        ValueError: it holds more; names the sample and what it is.
    """
    lost = _lost(_bits(sample), expresses)
    if lost:
        raise ValueError(f"sample {sample.id!r}: {name} cannot say: {lost}; convert the samples first")


@lru_cache(maxsize=1024)
def _features(bits: int) -> frozenset[Feature]:
    return frozenset(feature for feature, bit in BITS.items() if bits & bit)


@lru_cache(maxsize=1024)
def _lost(bits: int, expresses: frozenset[Feature]) -> str:
    lost = _features(bits) - expresses
    return ", ".join(feature.value for feature in Feature if feature in lost)


def _bits(sample: Sample) -> int:
    bits = (ID if sample.id else 0) | (SIZES if sample.sizes else 0)
    bits |= (0 if sample.label is None else LABEL) | (METADATA if sample.metadata else 0)
    said = pictures = 0
    for turn in sample.turns:
        if turn.weight is not None:
            bits |= WEIGHT
        if turn.role == "system":
            bits |= SYSTEM
        else:
            said += 1
        after_text = False
        for part in turn.parts:
            if isinstance(part, str):
                after_text = True
                continue
            pictures += 1
            bits |= _reference(part) | (PICTURE_PLACE if after_text else 0)
            bits |= (PICTURE_ANYWHERE if said > 1 else 0) | (
                ASSISTANT_PICTURE if turn.role == "assistant" else 0
            )
    for one in sample.objects:
        bits |= (MASKS if one.mask is not None else 0) | (
            BOXES if one.box is not None or one.mask is None else 0
        )
    bits |= SEVERAL_ROUNDS if said > 2 else 0
    return bits | (SEVERAL_PICTURES if pictures > 1 else 0 if pictures else NO_PICTURE)


def _reference(picture: Picture) -> int:
    if picture.path is not None:
        return PATH
    return DATA if picture.url is None else URL
