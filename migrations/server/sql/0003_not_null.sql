-- SET NOT NULL takes the validated check for its proof and does not read the table.
alter table public.todo alter client_id set not null, drop constraint if exists todo_client_id_present;
