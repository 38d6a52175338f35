"""Pages and pictures of runs that were kept."""
