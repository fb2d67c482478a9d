create table if not exists public.todo (
  id serial primary key not null,
  text text not null,
  completed boolean default false not null,
  user_id text not null,
  created_at timestamp default now() not null,
  updated_at timestamp default now() not null
);
