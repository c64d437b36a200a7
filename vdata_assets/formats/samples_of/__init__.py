"""What the versions of the workflows hold, as samples that every format takes."""
