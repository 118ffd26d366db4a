-- The line as it was typed is what is dialled: OpenSSH's configuration is asked at each connect.
-- Rows from before hold what the line stood for, which is a line as well (IPv6 in brackets).

PRAGMA user_version = 2;

ALTER TABLE hosts ADD COLUMN line TEXT;
ALTER TABLE hosts ADD COLUMN keep INTEGER NOT NULL DEFAULT 0 CHECK (keep IN (0, 1));

UPDATE hosts
SET line = user || '@' || CASE WHEN instr(address, ':') > 0 THEN '[' || address || ']' ELSE address END
           || ':' || port
WHERE kind = 'ssh';
