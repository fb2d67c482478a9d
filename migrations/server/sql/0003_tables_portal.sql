do $$ declare t text; begin
  foreach t in array array['todo_tombstone', 'todo_mutation'] loop
    execute format('drop policy if exists %I on public.%I', t || '_desktop', t);
    execute format('create policy %I on public.%I to devots_desktop using ((select devots.session_user_id()) = user_id)
      with check ((select devots.session_user_id()) = user_id)', t || '_desktop', t);
  end loop;
end $$;
