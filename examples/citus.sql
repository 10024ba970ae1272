-- Sessions spread over the machines of a Citus cluster, by account. On its coordinator, with every server stopped:
--
--   psql --single-transaction --set=ON_ERROR_STOP=1 --file=citus.sql DATABASE
--
-- Not run on Citus: there was none to try it on. A test runs all of it but the calls of Citus on PostgreSQL, and has
-- every statement of Callgate prepared on what comes of it. Read docs/adr/0078 first.

-- Citus makes parts of its own out of a table, so the sixteen we have become one again.
ALTER TABLE session RENAME TO session_parted;
CREATE TABLE session (LIKE session_parted INCLUDING DEFAULTS) WITH (fillfactor = 70);
INSERT INTO session SELECT * FROM session_parted;
DROP TABLE session_parted;
ALTER TABLE session ADD PRIMARY KEY (account_id, id);
CREATE UNIQUE INDEX session_seat ON session (account_id, extension_id, client_id, slot) WHERE slot IS NOT NULL;
CREATE UNIQUE INDEX session_endpoint ON session (account_id, extension_id, client_id, endpoint_id)
    WHERE slot IS NOT NULL AND slot < 1000;
CREATE INDEX session_ended ON session (extension_id, client_id, ended_ms) WHERE state = 3;
CREATE INDEX session_sweep ON session (sweep_bucket);

-- What a session is compared with lies on every machine, whole: it is read at every use and written seldom.
SELECT create_reference_table('account');
SELECT create_reference_table('role');
SELECT create_reference_table('extension');
SELECT create_reference_table('client');
SELECT create_reference_table('allowance');
SELECT create_reference_table('jwt_credential');
SELECT create_reference_table('sso_connection');
SELECT create_reference_table('trusted_issuer');
SELECT create_reference_table('cell');

SELECT create_distributed_table('session', 'account_id');
