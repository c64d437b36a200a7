"""Conversational segmentation: runs of the engine and imported ones, and the lists that are trained on."""
