"""What is looked at in a Supabase project, by name and in the order of telling. Imports nothing heavy: the form lists them before they are known."""

from devots_desktop.remote.clock import CLOCK

ADDRESS, KEY, SIGN_IN, TABLE, ROWS = "address", "key", "sign-in", "table", "row-level security"
SESSION, RIGHTS = "session", "rights"
PUBLICATION, REALTIME = "publication", "Realtime"
CHECKS = (ADDRESS, KEY, CLOCK, SIGN_IN, TABLE, ROWS, REALTIME)
"""What is told of where nobody is signed in and all is well. Instead of REALTIME it may be PUBLICATION that is told of."""
NEEDED = (ADDRESS, KEY, TABLE, SESSION)
"""Where one of these is wrong, nothing behind it can be looked at."""
SET_UP = "devots db upgrade --sql --flavour supabase"
"""The command that prints the SQL of our migrations, which can be run again and then mends what it has made. In `Finding.sql` it stands for that SQL."""
