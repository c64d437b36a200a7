"""Tables of the concept definitions."""

import dataframely as dy

VERDICTS = ["ACCEPT", "REJECT", "ERROR"]


class ConceptDefinitions(dy.Schema):
    """Every concept of a category and what became of its definition, ordered by name.

    Only accepted definitions are offered to others; the texts of the rest are kept to be looked at.
    """

    category = dy.String(description="display name: the folder's name")
    concept = dy.String(primary_key=True, description="display name: the folder's name")
    display_category = dy.String(description="what the category is called in sentences")
    verdict = dy.Enum(VERDICTS, description="ERROR: there was no image or no answer, so nobody could judge")
    verified = dy.Bool(description="whether another view was there to verify it, and did")
    coarse = dy.String(nullable=True, description="five or six words that begin with 'A photo of a'")
    detailed = dy.String(nullable=True, description="one sentence on lasting visible features")
    reference_id = dy.String(nullable=True, description="image_id of the training view shown beside it")
    reference_path = dy.String(nullable=True, description="POSIX, relative to the dataset's root")
    view_ids = dy.List(dy.String(), description="image_ids of the training views it was written from")
    verified_by = dy.String(nullable=True, description="image_id of the training view that it was judged by")
    attempts = dy.UInt8(description="wordings that were tried")
    reason = dy.String(description="why the verdict")


class DefinitionAttempts(dy.Schema):
    """Every wording that was tried, also those that were not accepted, ordered by concept and attempt."""

    concept = dy.String(primary_key=True)
    attempt = dy.UInt8(primary_key=True, description="1, or 2 for the one rewritten with the reason")
    coarse = dy.String(nullable=True, description="null: nothing was written")
    detailed = dy.String(nullable=True, description="null: nothing was written")
    verdict = dy.Enum(VERDICTS)
    reason = dy.String()
    stage = dy.String(nullable=True, description="of an error: concept_definitions, definition_verification")
    kind = dy.String(
        nullable=True,
        description="of an error: no_image, unreadable, unparsable, blocked, timeout, quota, server, refused",
    )
