"""The embedded text encoder: hashed words and letter sequences, without weights, key or fitted state."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import xxhash

from vdata_resources.encoders.protocol import l2_normalised

WORD = re.compile(r"\w+")
WORD_NGRAMS = (1, 2)
LETTER_NGRAMS = (3, 4, 5)
WORD_WEIGHT = 2.0
DEFINITION = 1  # raise it with any change that moves a vector


class HashedTextEncoder:
    """Texts that share words, word pairs or parts of words are similar; meaning is not understood.

    Words and their pairs, and the 3- to 5-letter sequences of every word with its ends marked, are hashed
    with a sign into ``dim`` buckets (feature hashing, Weinberger et al. 2009) and weighted by
    1 + ln(count). Longer n-grams, which are rarer, weigh more by their length, in place of the inverse
    document frequency that only a fitted state could know. Case is ignored. A text without letters or
    digits is all zeros.

    Args:
        dim: length of a vector.
    """

    def __init__(self, dim: int = 1024) -> None:
        if dim < 1:
            raise ValueError(f"dim: {dim} is not a positive length")
        self.dim = dim

    @property
    def identity(self) -> str:
        """The definition's number and the length."""
        return f"HashedTextEncoder definition={DEFINITION} dim={self.dim}"

    def encode_texts(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """(n, dim) float32, L2-normalised, one row a text."""
        vectors = np.zeros((len(texts), self.dim))
        for row, text in enumerate(texts):
            for (ngram, weight), count in Counter(_ngrams(text.casefold())).items():
                code = xxhash.xxh3_64_intdigest(ngram.encode())
                vectors[row, (code >> 1) % self.dim] += (1 - 2 * (code & 1)) * weight * (1 + np.log(count))
        return l2_normalised(vectors)


def _ngrams(text: str) -> Iterator[tuple[str, float]]:
    """N-grams with their weights; the prefix keeps a word apart from an equal sequence of letters."""
    words = WORD.findall(text)
    for size in WORD_NGRAMS:
        for start in range(len(words) - size + 1):
            yield "w " + " ".join(words[start : start + size]), WORD_WEIGHT * size
    for word in words:
        marked = f"<{word}>"
        for size in LETTER_NGRAMS:
            for start in range(len(marked) - size + 1):
                yield "l " + marked[start : start + size], size / max(LETTER_NGRAMS)
