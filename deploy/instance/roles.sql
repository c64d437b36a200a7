-- Roles and database of the instance; run by a superuser with psql, as often as one likes.
-- Passwords come from the environment and are in no command line and in no log of the server.
\set ON_ERROR_STOP on
\getenv owner_password VDATA_POSTGRES_PASSWORD
\getenv viewer_password VDATA_VIEWER_PASSWORD
SET log_statement = 'none';
SET log_min_duration_statement = -1;
SET log_min_error_statement = 'panic';
SET password_encryption = 'scram-sha-256';

SELECT 'CREATE ROLE vdata LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'vdata') \gexec
SELECT 'CREATE ROLE vdata_viewer LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'vdata_viewer') \gexec
ALTER ROLE vdata PASSWORD :'owner_password';
ALTER ROLE vdata_viewer PASSWORD :'viewer_password';

SELECT 'CREATE DATABASE dagster OWNER vdata' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'dagster') \gexec
REVOKE ALL ON DATABASE dagster FROM PUBLIC;
GRANT CONNECT ON DATABASE dagster TO vdata_viewer;

-- The viewer reads what the owner has made and will make; a write fails in the database, whatever asks for it.
\connect dagster
GRANT USAGE ON SCHEMA public TO vdata_viewer;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO vdata_viewer;
ALTER DEFAULT PRIVILEGES FOR ROLE vdata IN SCHEMA public GRANT SELECT ON TABLES TO vdata_viewer;
