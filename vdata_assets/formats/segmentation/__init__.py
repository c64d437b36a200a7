"""Annotated frames as a Hugging Face dataset and as LLaVA instructions."""
