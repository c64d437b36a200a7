"""What the language model is asked, as versioned templates."""
