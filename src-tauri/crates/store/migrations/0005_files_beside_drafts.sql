-- The files beside what is being written are kept with it.

PRAGMA user_version = 5;

ALTER TABLE drafts ADD COLUMN attachments_json TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(attachments_json));
