-- What only a superuser can close, once per database and in it: else every login may
-- read how many rows there are of users whom it does not see, or write large objects.
--     psql -d marketing -f operations/publish/postgres/close_database.sql
do $$
declare
    door regprocedure;
begin
    -- counters of rows written and read, per table and in all: pg_stat_user_tables, ...
    execute format('alter database %I set track_counts = off', current_database());
    perform pg_stat_reset();
    for door in
        select oid
        from pg_proc
        where
            proname in (
                -- bytes of tables, and so rows
                'pg_database_size', 'pg_indexes_size', 'pg_relation_size',
                'pg_table_size', 'pg_tablespace_size', 'pg_total_relation_size',
                -- bytes of the log, and blocks that the server read and wrote
                'pg_current_wal_flush_lsn', 'pg_current_wal_insert_lsn',
                'pg_current_wal_lsn', 'pg_stat_get_bgwriter_buf_written_checkpoints',
                'pg_stat_get_bgwriter_buf_written_clean', 'pg_stat_get_buf_alloc',
                'pg_stat_get_buf_written_backend',
                'pg_stat_get_checkpointer_buffers_written', 'pg_stat_get_io',
                'pg_stat_get_slru', 'pg_stat_get_wal',
                -- pages and rows that others read under serializable isolation
                'pg_lock_status',
                -- rows of statements, where the extension is there
                'pg_stat_statements', 'pg_stat_statements_info',
                -- large objects are a way to write
                'lo_creat', 'lo_create', 'lo_from_bytea'
            )
    loop
        execute format('revoke execute on function %s from public', door);
    end loop;
end
$$;
