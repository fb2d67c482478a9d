-- Who is asking. Only the claims that the platform verified: this flavour has no direct sign-in.
create or replace function devots.uid() returns text language sql stable security invoker set search_path = '' as $$
  select nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub' $$;
revoke all on function devots.uid() from public, {everyone};
grant execute on function devots.uid() to {clients};
