-- Where the platform's Realtime listens. Tombstones are published because a DELETE on todo either never arrives under row-level
-- security or shows other users' keys.
do $$ declare t text; begin
  if exists (select from pg_publication p where p.pubname = 'supabase_realtime' and not p.puballtables
                and pg_has_role(current_user, p.pubowner, 'usage')) then
    foreach t in array array['todo', 'todo_tombstone'] loop
      if not exists (select from pg_publication_tables where pubname = 'supabase_realtime' and schemaname = 'public' and tablename = t) then
        execute format('alter publication supabase_realtime add table public.%I', t);
      end if;
    end loop;
  end if;
end $$;
