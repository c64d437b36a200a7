"""What is asked of classed images and what is said about them, and how bad a hit is. Light to import."""

from vdata_assets.quality.findings import Check, Status

IMAGES_FOUND = Check(
    "images_found",
    "Is any image usable? If none is, the root is set wrongly or the files are bad.",
    Status.FAILED,
)
IMAGES_READABLE = Check(
    "images_readable",
    "Can every image be read and decoded? Those that cannot are left out; repair or remove them.",
    Status.WARNING,
)
IMAGES_PLACED = Check(
    "images_placed",
    "Does every image lie in a class folder? Those that do not are left out; move them.",
    Status.WARNING,
)
ONE_CLASS_EACH = Check(
    "one_class_each",
    "Is every picture of one class? The same bytes under two classes teach both; remove the wrong one.",
    Status.WARNING,
)
CLASSES_KNOWN = Check(
    "classes_known",
    "Is every class that the settings name there? Name the folders as they are: priority_classes, names.",
    Status.WARNING,
)
SAMPLE_IDS_UNIQUE = Check("sample_ids_unique", "Does every sample have an id of its own?", Status.FAILED)
SAMPLE_IMAGES_EXIST = Check(
    "sample_images_exist",
    "Is every sample's image in the catalog, by its path, and readable? Materialize the catalog anew.",
    Status.FAILED,
)
SAMPLES_DISJOINT = Check(
    "samples_disjoint",
    "Does no sample show a picture, by its bytes, that a sample of another split shows?",
    Status.FAILED,
)
COPIES_IN_TRAINING = Check(
    "copies_in_training_only", "Are images repeated in the split that trains, and in no other?", Status.FAILED
)
TRAINING_BALANCED = Check(
    "training_balanced",
    "Are the classes of like size in training, copies counted? "
    "Set priority_classes or minority_ratio, or add images to those named.",
    Status.WARNING,
)
TEXTS_SOUND = Check(
    "texts_sound",
    "Is every text neither blank nor over-long? See the templates and the names of the classes.",
    Status.FAILED,
)
PLACEHOLDERS_FILLED = Check(
    "placeholders_filled", "Is no placeholder of a template left in a text?", Status.FAILED
)
CLASS_IMAGES_CHECKS = (IMAGES_FOUND, IMAGES_READABLE, IMAGES_PLACED, ONE_CLASS_EACH, CLASSES_KNOWN)
CLASS_SAMPLES_CHECKS = (
    SAMPLE_IDS_UNIQUE,
    SAMPLE_IMAGES_EXIST,
    SAMPLES_DISJOINT,
    COPIES_IN_TRAINING,
    TRAINING_BALANCED,
    TEXTS_SOUND,
    PLACEHOLDERS_FILLED,
)
