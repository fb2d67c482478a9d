-- A name that nobody can guess and that stands in no query text.
create or replace function devots.channel(user_id text) returns text language sql stable security definer set search_path = '' as $$
  select 'devots_' || md5(channel.user_id || s.value) from devots.setting s where s.name = 'notify_secret' $$;
revoke all on function devots.channel(text) from public, {everyone};

-- Runs the LISTEN itself: a literal one would show the name in pg_stat_activity to every user of the role.
create or replace function devots.listen() returns void language plpgsql volatile security definer set search_path = '' as $$
declare me text := devots.session_user_id();
begin
  if me is null then raise exception using errcode = 'PT401', message = 'signed out'; end if;
  execute format('listen %I', devots.channel(me));
end $$;
revoke all on function devots.listen() from public, {everyone};
grant execute on function devots.listen() to devots_desktop;

-- Empty payload: the pull brings the rows. Equal notifications of one transaction are sent once.
create or replace function devots.todo_notify() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  perform pg_notify(devots.channel(coalesce(new.user_id, old.user_id)), '');
  return null;
end $$;
revoke all on function devots.todo_notify() from public, {everyone};
create or replace trigger todo_notify after insert or update or delete on public.todo
  for each row execute function devots.todo_notify();

-- Where the owner has taken CONNECT from PUBLIC.
do $$ begin
  if not has_database_privilege('devots_desktop', current_database(), 'connect') then
    execute format('grant connect on database %I to devots_desktop', current_database());
  end if;
end $$;
