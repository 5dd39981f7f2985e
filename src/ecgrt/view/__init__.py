"""Something to look at: plots, and a report that is one HTML file."""
