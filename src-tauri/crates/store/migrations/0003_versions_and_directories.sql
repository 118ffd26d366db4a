-- A deployment says which engine was asked for, which version of it runs, and how. Rows from before
-- were all llama.cpp on a port of the host, kept by Slipway's supervisor. A host may keep Slipway's
-- files in a directory of its own.

PRAGMA user_version = 3;

ALTER TABLE hosts ADD COLUMN directory TEXT;

ALTER TABLE deployments ADD COLUMN engine_kind_json TEXT NOT NULL DEFAULT '"llama_cpp"';
ALTER TABLE deployments ADD COLUMN choice_json TEXT NOT NULL DEFAULT '{"type":"auto"}';
ALTER TABLE deployments ADD COLUMN version TEXT;
ALTER TABLE deployments ADD COLUMN keeper TEXT;
ALTER TABLE deployments ADD COLUMN device_json TEXT;
ALTER TABLE deployments ADD COLUMN socket INTEGER NOT NULL DEFAULT 0 CHECK (socket IN (0, 1));
ALTER TABLE deployments ADD COLUMN prompt_tokens_per_second REAL;
