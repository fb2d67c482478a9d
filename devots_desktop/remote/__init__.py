"""Where todos live: one protocol, and an implementation for each kind of server."""
