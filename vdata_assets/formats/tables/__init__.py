"""Conversations and images as Arrow, Parquet and tar: Hugging Face datasets and WebDataset."""
