-- A todo as it travels: versions as text, since a JSON number is a double for many readers. The body is parsed here and now, which
-- makes a pinned search_path needless and lets the planner inline it into a page of rows.
create or replace function devots.todo_json(todo public.todo) returns jsonb language sql stable security invoker
  return case when todo.id is not null then to_jsonb(todo) || jsonb_build_object('row_version', todo.row_version::text) end;
revoke all on function devots.todo_json(public.todo) from public, {everyone};
grant execute on function devots.todo_json(public.todo) to {clients};

-- Applies mutations exactly once, each in its own subtransaction. The answer is written in the transaction of the effect, so that a
-- repeated mutation gets it back: else a lost answer would hide a conflict or a "gone".
create or replace function public.devots_push(mutations jsonb) returns jsonb
language plpgsql volatile security invoker set search_path = '' as $$
declare
  me text := devots.need_uid();
  answers jsonb := '[]';
  m jsonb;
  a jsonb;
  old_row public.todo;
  new_row public.todo;
  fresh integer;
  reason text;
begin
  if jsonb_array_length(mutations) > 50 then  -- more than 64 subtransactions overflow a backend's cache
    raise program_limit_exceeded using message = 'at most 50 mutations';
  end if;
  for m in select * from jsonb_array_elements(mutations) loop
    old_row := null;
    new_row := null;
    a := null;
    begin
      insert into public.todo_mutation(mutation_id) values ((m ->> 'mutation_id')::uuid) on conflict do nothing;
      get diagnostics fresh = row_count;
      select * into old_row from public.todo t where t.user_id = me and t.client_id = (m ->> 'client_id')::uuid for update;
      if fresh = 0 then
        select x.answer into a from public.todo_mutation x where x.user_id = me and x.mutation_id = (m ->> 'mutation_id')::uuid;
        a := coalesce(a, '{"state": "gone"}') || jsonb_build_object('duplicate', true, 'row', devots.todo_json(old_row));
      elsif m ->> 'kind' = 'create' and old_row.id is not null then
        a := jsonb_build_object('state', 'exists', 'row', devots.todo_json(old_row));
      elsif m ->> 'kind' = 'create' then
        insert into public.todo(text, completed, client_id, created_at, updated_at)
        values (m -> 'set' ->> 'text', coalesce((m -> 'set' ->> 'completed')::boolean, false), (m ->> 'client_id')::uuid,
                coalesce((m -> 'set' ->> 'created_at')::timestamp, clock_timestamp() at time zone 'utc'),
                clock_timestamp() at time zone 'utc')
        returning * into new_row;
        a := jsonb_build_object('state', 'applied', 'row', devots.todo_json(new_row));
      elsif m ->> 'kind' in ('edit', 'delete') and old_row.id is null then  -- never "applied" when nothing was hit
        a := '{"state": "gone"}';
      elsif m ->> 'kind' = 'delete' then
        delete from public.todo t where t.id = old_row.id;
        a := jsonb_build_object('state', 'applied', 'before', devots.todo_json(old_row));
      elsif m ->> 'kind' = 'edit' then
        update public.todo t
           set text = coalesce(m -> 'set' ->> 'text', t.text),
               completed = coalesce((m -> 'set' ->> 'completed')::boolean, t.completed)
         where t.id = old_row.id returning * into new_row;
        a := jsonb_build_object('state', 'applied', 'before', devots.todo_json(old_row), 'row', devots.todo_json(new_row));
      else
        raise exception 'unknown kind of mutation';
      end if;
      if fresh = 1 then
        update public.todo_mutation x set answer = a - 'row' where x.user_id = me and x.mutation_id = (m ->> 'mutation_id')::uuid;
      end if;
    exception
      -- Refusals. Every other class (40, 53, 55, 57, XX) aborts the batch, which means "try again".
      when integrity_constraint_violation or data_exception or insufficient_privilege or raise_exception or program_limit_exceeded then
        get stacked diagnostics reason = message_text;
        a := jsonb_build_object('state', 'refused', 'sqlstate', sqlstate, 'message', reason);
    end;
    answers := answers || (a || jsonb_build_object('mutation_id', m ->> 'mutation_id'));
  end loop;
  return answers;
end $$;
revoke all on function public.devots_push(jsonb) from public, {everyone};
grant execute on function public.devots_push(jsonb) to {clients};
