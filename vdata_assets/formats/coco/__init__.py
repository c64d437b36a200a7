"""COCO instances: documents, boxes and masks."""
