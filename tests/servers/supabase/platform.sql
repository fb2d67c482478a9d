create schema auth;
create schema extensions;
create schema realtime;
grant usage on schema public, auth, extensions to anon, authenticated, service_role, portal;
alter default privileges for role portal in schema public grant all on tables to anon, authenticated, service_role;
alter default privileges for role portal in schema public grant all on functions to anon, authenticated, service_role;
alter default privileges for role portal in schema public grant all on sequences to anon, authenticated, service_role;
create publication supabase_realtime;

-- Who is asking, for policies.
create function auth.jwt() returns jsonb language sql stable as $$
  select nullif(current_setting('request.jwt.claims', true), '')::jsonb $$;
create function auth.uid() returns uuid language sql stable as $$
  select coalesce(nullif(current_setting('request.jwt.claim.sub', true), ''), auth.jwt() ->> 'sub')::uuid $$;
create function auth.role() returns text language sql stable as $$
  select coalesce(nullif(current_setting('request.jwt.claim.role', true), ''), auth.jwt() ->> 'role') $$;
create function auth.email() returns text language sql stable as $$
  select coalesce(nullif(current_setting('request.jwt.claim.email', true), ''), auth.jwt() ->> 'email') $$;

create table auth.users(
  id uuid primary key default gen_random_uuid(),
  email text,
  encrypted_password text,
  email_confirmed_at timestamptz,
  confirmation_sent_at timestamptz,
  recovery_sent_at timestamptz,
  new_email text,
  email_change_sent_at timestamptz,
  last_sign_in_at timestamptz,
  banned_until timestamptz,
  app_metadata jsonb not null default '{}',
  user_metadata jsonb not null default '{}',
  is_anonymous boolean not null default false,
  created_at timestamptz not null,
  updated_at timestamptz not null);
create unique index on auth.users(lower(email));
create table auth.identities(
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references auth.users on delete cascade,
  provider text not null,
  provider_id text not null,
  identity_data jsonb not null,
  last_sign_in_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  unique (provider, provider_id));
create table auth.sessions(
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references auth.users on delete cascade,
  method text not null,
  key bytea not null,
  counter bigint not null default 0,
  refreshed_at timestamptz,
  created_at timestamptz not null);
create table auth.refresh_tokens(
  id bigserial primary key,
  token text not null unique,
  parent text,
  revoked boolean not null default false,
  session_id uuid not null references auth.sessions on delete cascade,
  created_at timestamptz not null,
  updated_at timestamptz not null);
create table auth.flow_state(
  id uuid primary key default gen_random_uuid(),
  auth_code text not null unique default gen_random_uuid(),
  challenge text not null,
  challenge_method text not null,
  user_id uuid references auth.users on delete cascade,
  method text not null,
  created_at timestamptz not null);
create table auth.one_time_tokens(
  user_id uuid not null references auth.users on delete cascade,
  type text not null,
  email text not null,
  code text not null,
  token_hash text not null unique,
  flow_id uuid references auth.flow_state on delete cascade,
  created_at timestamptz not null,
  primary key (user_id, type));
