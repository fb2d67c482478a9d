"""How rows are drawn and edited."""
