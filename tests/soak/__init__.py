"""The store under kills, torn logs and damages: the figures of `make soak`, and a short form in `make test`."""
