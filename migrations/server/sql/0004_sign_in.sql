insert into devots.setting values
  ('notify_secret', replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '')), ('sign_up', 'off'), ('verified_email', 'off')
  on conflict do nothing;

-- Sign-in is two transactions: only an attempt that was committed is answered, so a rolled-back guess teaches nothing.
create table if not exists devots.attempt(
  id uuid primary key default gen_random_uuid(),
  email text not null,
  user_id text,
  ok boolean not null,
  claimed boolean not null default false,
  made_in xid8 not null default pg_current_xact_id(),
  at timestamptz not null default now()
);
create index if not exists attempt_email on devots.attempt(email, at);
revoke all on devots.attempt from public, {everyone};

-- A stable made-up salt for unknown e-mails: nobody learns which addresses have an account.
create or replace function devots.sign_in_salt(email text) returns text language sql stable security definer set search_path = '' as $$
  select coalesce(
    (select split_part(a.password, ':', 1) from public."user" u
       join public.account a on a.user_id = u.id and a.provider_id = 'credential' where u.email = lower(sign_in_salt.email)),
    md5('salt:' || lower(email) || (select value from devots.setting where name = 'notify_secret'))) $$;
revoke all on function devots.sign_in_salt(text) from public, {everyone};
grant execute on function devots.sign_in_salt(text) to devots_desktop;

-- Answers an id, the same for right, wrong and unknown; NULL after five wrong tries within ten minutes.
create or replace function devots.sign_in_try(email text, derived_key text) returns uuid
language plpgsql volatile security definer set search_path = '' as $$
declare
  address text := lower(email);
  person text;
  right_key boolean;
  attempt_id uuid;
begin
  perform pg_advisory_xact_lock(hashtextextended('devots:' || address, 0));  -- parallel guesses wait for each other
  delete from devots.attempt x where x.email = address and x.at < now() - interval '1 day';
  if (select count(*) from devots.attempt x where x.email = address and not x.ok and x.at > now() - interval '10 minutes') >= 5 then
    return null;
  end if;
  -- Digests are compared, so that the time it takes says nothing about the key.
  select u.id, sha256(convert_to(split_part(a.password, ':', 2), 'UTF8')) = sha256(convert_to(derived_key, 'UTF8')) into person, right_key
    from public."user" u join public.account a on a.user_id = u.id and a.provider_id = 'credential' where u.email = address;
  insert into devots.attempt(email, user_id, ok) values (address, person, coalesce(right_key, false)) returning id into attempt_id;
  return attempt_id;
end $$;
revoke all on function devots.sign_in_try(text, text) from public, {everyone};
grant execute on function devots.sign_in_try(text, text) to devots_desktop;

-- Answers the session's token once, for a right attempt of an earlier transaction within two minutes; else NULL. Who may not come in by
-- this door (DV403: two_factor, banned, unverified) learns the reason only with the right key.
create or replace function devots.sign_in_claim(attempt uuid) returns text
language plpgsql volatile security definer set search_path = '' as $$
declare
  person text;
  barred text;
  token text := replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '');
  utc timestamp := now() at time zone 'utc';
begin
  update devots.attempt x set claimed = true
   where x.id = sign_in_claim.attempt and x.ok and not x.claimed and x.made_in <> pg_current_xact_id()
     and x.at > now() - interval '2 minutes'
   returning x.user_id into person;
  if not found then return null; end if;
  select case when to_jsonb(u) ->> 'two_factor_enabled' = 'true' then 'two_factor'  -- columns of plugins: not every portal has them
              when to_jsonb(u) ->> 'banned' = 'true' then 'banned'
              when not u.email_verified and (select value from devots.setting where name = 'verified_email') = 'on' then 'unverified' end
    into barred from public."user" u where u.id = person;
  if barred is not null then raise exception using errcode = 'DV403', message = barred; end if;
  insert into public.session(id, token, user_id, expires_at, created_at, updated_at)
  values (replace(gen_random_uuid()::text, '-', ''), token, person, utc + interval '7 days', utc, utc);
  return token;
end $$;
revoke all on function devots.sign_in_claim(uuid) from public, {everyone};
grant execute on function devots.sign_in_claim(uuid) to devots_desktop;

-- Makes a person who can sign in; answers the user's id. DV403: the owner has not turned sign-up on; DV409: the e-mail is taken;
-- DV422: name, e-mail, salt or key cannot be right.
create or replace function devots.sign_up(name text, email text, salt text, derived_key text) returns text
language plpgsql volatile security definer set search_path = '' as $$
declare
  person text := replace(gen_random_uuid()::text, '-', '');
  utc timestamp := now() at time zone 'utc';
begin
  if (select s.value from devots.setting s where s.name = 'sign_up') is distinct from 'on' then
    raise exception using errcode = 'DV403', message = 'sign-up is off';
  end if;
  if coalesce(sign_up.name !~ '\S' or length(sign_up.name) > 200
              or sign_up.email !~ '^[^\s@]+@[^\s@]+$' or length(sign_up.email) > 254
              or sign_up.salt !~ '^[0-9a-f]{32}$' or sign_up.derived_key !~ '^[0-9a-f]{128}$', true) then
    raise exception using errcode = 'DV422', message = 'name, e-mail, salt or key cannot be right';
  end if;
  insert into public."user"(id, name, email, email_verified, created_at, updated_at)
  values (person, sign_up.name, lower(sign_up.email), false, utc, utc) on conflict do nothing;
  if not found then raise exception using errcode = 'DV409', message = 'this e-mail is taken'; end if;
  insert into public.account(id, account_id, provider_id, user_id, password, created_at, updated_at)
  values (replace(gen_random_uuid()::text, '-', ''), person, 'credential', person, sign_up.salt || ':' || sign_up.derived_key, utc, utc);
  return person;
end $$;
revoke all on function devots.sign_up(text, text, text, text) from public, {everyone};
grant execute on function devots.sign_up(text, text, text, text) to devots_desktop;

-- Slides the session to seven days from now, at most once a day, as Better Auth does. Answers when it ends (naive UTC); NULL: signed out.
create or replace function devots.session_touch() returns timestamp language plpgsql volatile security definer set search_path = '' as $$
declare
  utc timestamp := now() at time zone 'utc';
  ends timestamp;
begin
  update public.session s set expires_at = utc + interval '7 days', updated_at = utc
   where s.token = nullif(current_setting('devots.session', true), '')
     and s.expires_at > utc and s.expires_at < utc + interval '6 days';
  select s.expires_at into ends from public.session s
   where s.token = nullif(current_setting('devots.session', true), '') and s.expires_at > utc;
  return ends;
end $$;
revoke all on function devots.session_touch() from public, {everyone};
grant execute on function devots.session_touch() to devots_desktop;

-- Revokes the caller's own session.
create or replace function devots.sign_out() returns void language sql volatile security definer set search_path = '' as $$
  delete from public.session s where s.token = nullif(current_setting('devots.session', true), '') $$;
revoke all on function devots.sign_out() from public, {everyone};
grant execute on function devots.sign_out() to devots_desktop;
