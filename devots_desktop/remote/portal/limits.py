"""What a portal cannot do over its procedures, as people read it. Imports nothing."""

TEXT_FIXED = "A portal has no way to change the text of a todo: delete it and add it anew."
ANON_ONLY = (
    "The portal gives this program no token for Realtime, and row-level security lets nothing through with the anon key alone, so the list is read "
    "every minute. The portal's owner can change that: `devots db drizzle` prints the lines."
)
NOT_OFFERED = "This portal does not tell of changes, so the list is read every minute."
NOT_USABLE = (
    "The portal names no Supabase project that this program can use, so the list is read every minute. Its owner can look into that."
)
NOT_TAKEN = (
    "The portal's Supabase project does not take the portal's token, so the list is read every minute. "
    "Its owner can mend that: the project has to know the key that signs the tokens."
)
