"""Python package of Forebay. It needs the ``forebay`` program and nothing else."""
