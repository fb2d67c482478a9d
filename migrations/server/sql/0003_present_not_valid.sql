alter table public.todo drop constraint if exists todo_client_id_present,
  add constraint todo_client_id_present check (client_id is not null) not valid;
