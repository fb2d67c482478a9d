"""Windows that ask for something. None runs a loop of its own."""
