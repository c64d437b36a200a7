"""JSON lines of trainers and tuning services: a conversation a row."""
