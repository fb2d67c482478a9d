"""What only the owner of a database does: look at it, compare it with what it should be, plan a migration, save it before one."""
