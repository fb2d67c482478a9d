"""Item models: they hold no widgets and write nothing."""
