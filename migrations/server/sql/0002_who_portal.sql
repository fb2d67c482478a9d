-- Who is asking. A client chooses its TimeZone, so expires_at (naive UTC) is never compared with a bare now().
create or replace function devots.session_user_id() returns text language sql stable security definer set search_path = '' as $$
  select s.user_id from public.session s
   where s.token = nullif(current_setting('devots.session', true), '')
     and s.expires_at > (now() at time zone 'utc') $$;
revoke all on function devots.session_user_id() from public, {everyone};
grant execute on function devots.session_user_id() to devots_desktop;

-- Invoker: current_user is the caller. devots_desktop can set any claims, so they never count for it.
create or replace function devots.uid() returns text language plpgsql stable security invoker set search_path = '' as $$
begin
  if current_user = 'devots_desktop' then return devots.session_user_id(); end if;
  return nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub';
end $$;
revoke all on function devots.uid() from public, {everyone};
grant execute on function devots.uid() to {clients};
