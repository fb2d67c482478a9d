alter table public.todo validate constraint todo_client_id_present;
