-- The tables of a Devots Portal as drizzle-kit generates them from Better Auth's schema and the guide's todo. Only for a database
-- that has none of them: names and order are those of a real portal, so that one can be set upon this database later.
create table public.account (
  id text primary key not null,
  account_id text not null,
  provider_id text not null,
  user_id text not null,
  access_token text,
  refresh_token text,
  id_token text,
  access_token_expires_at timestamp,
  refresh_token_expires_at timestamp,
  scope text,
  password text,
  created_at timestamp default now() not null,
  updated_at timestamp not null
);
create table public.session (
  id text primary key not null,
  expires_at timestamp not null,
  token text not null,
  created_at timestamp default now() not null,
  updated_at timestamp not null,
  ip_address text,
  user_agent text,
  user_id text not null,
  constraint session_token_unique unique (token)
);
create table public."user" (
  id text primary key not null,
  name text not null,
  email text not null,
  email_verified boolean default false not null,
  image text,
  created_at timestamp default now() not null,
  updated_at timestamp default now() not null,
  constraint user_email_unique unique (email)
);
create table public.verification (
  id text primary key not null,
  identifier text not null,
  value text not null,
  expires_at timestamp not null,
  created_at timestamp default now() not null,
  updated_at timestamp default now() not null
);
alter table public.account add constraint account_user_id_user_id_fk
  foreign key (user_id) references public."user"(id) on delete cascade on update no action;
alter table public.session add constraint session_user_id_user_id_fk
  foreign key (user_id) references public."user"(id) on delete cascade on update no action;
