-- Nobody signed in must never look like an empty list. PostgREST turns PT401 into HTTP 401.
create or replace function devots.need_uid() returns text language plpgsql stable security invoker set search_path = '' as $$
declare me text := devots.uid();
begin
  if me is null then raise exception using errcode = 'PT401', message = 'signed out'; end if;
  return me;
end $$;
revoke all on function devots.need_uid() from public, {everyone};
grant execute on function devots.need_uid() to {clients};
