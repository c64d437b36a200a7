"""Images and texts to vectors, behind the protocols of :mod:`vdata_resources.encoders.protocol`."""

from vdata_resources.encoders.descriptor import DescriptorEncoder
from vdata_resources.encoders.hashed_text import HashedTextEncoder
from vdata_resources.encoders.open_clip import OpenClipEncoder
from vdata_resources.encoders.protocol import EncodedBatch, EncoderUnavailable, ImageEncoder, TextEncoder

__all__ = [
    "DescriptorEncoder",
    "EncodedBatch",
    "EncoderUnavailable",
    "HashedTextEncoder",
    "ImageEncoder",
    "OpenClipEncoder",
    "TextEncoder",
]
