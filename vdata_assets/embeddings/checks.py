"""The audit questions of the embeddings stage."""

from vdata_assets.quality.findings import Check, Status

IMAGES_DECODE = Check(
    "images_decode",
    "Can all pixels of every image be decoded? One that cannot has no vector and is left out of retrieval: "
    "replace or remove the file.",
    Status.WARNING,
)
VECTORS_SOUND = Check(
    "vectors_sound",
    "Is every vector finite, of length 1 and of the encoder's dimension, and do different images differ? If "
    "not, the encoder or its weights are broken: check model and pretrained.",
    Status.FAILED,
)
EMBEDDINGS_COMPLETE = Check(
    "embeddings_complete",
    "Has every readable image of the catalog exactly one row, made from its present content by the present "
    "encoder? If not, materialize the embeddings again.",
    Status.FAILED,
)
NEAR_DUPLICATES_ACROSS_CONCEPTS = Check(
    "near_duplicates_across_concepts",
    "Do images of different concepts look different? Those that differ in a few bits of their perceptual "
    "hashes are mostly the same photo, and one of the concepts is wrong: look at them and remove one.",
    Status.WARNING,
)
NEAR_DUPLICATES_ACROSS_SPLITS = Check(
    "near_duplicates_across_splits",
    "Do training and test images look different? A near-copy of a training image measures memory, not "
    "skill: move it to the other split or remove it.",
    Status.WARNING,
)
NEAR_DUPLICATE_CHECKS = (NEAR_DUPLICATES_ACROSS_CONCEPTS, NEAR_DUPLICATES_ACROSS_SPLITS)
EMBEDDINGS_CHECKS = (IMAGES_DECODE, VECTORS_SOUND, EMBEDDINGS_COMPLETE)

TEXT_VECTORS_SOUND = Check(
    "text_vectors_sound",
    "Is the vector of every text finite and of length 1? If not, the encoder or its weights are broken.",
    Status.FAILED,
)
PRODUCT_EMBEDDINGS_CHECKS = (*EMBEDDINGS_CHECKS, TEXT_VECTORS_SOUND)

SHARDS_PRESENT = Check(
    "shards_present",
    "Is every shard of the catalog published? The products of the others are missing: materialize them.",
    Status.WARNING,
)
ONE_ENCODER = Check(
    "one_encoder",
    "Were all shards embedded by the same encoders? Vectors of different ones cannot be compared: "
    "materialize the named shards again.",
    Status.FAILED,
)
CATALOG_FILES_SOUND = Check(
    "catalog_files_sound",
    "Have the arrays the rows, lengths and checksums that manifest.json states?",
    Status.FAILED,
)
CATALOG_VECTORS_CHECKS = (SHARDS_PRESENT, ONE_ENCODER, CATALOG_FILES_SOUND)
