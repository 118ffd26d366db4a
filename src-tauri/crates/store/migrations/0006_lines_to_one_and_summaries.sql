-- Conversations between models: whom alone a line of the person is for, and a summary after the last turn.

PRAGMA user_version = 6;

ALTER TABLE messages ADD COLUMN audience INTEGER;
ALTER TABLE messages ADD COLUMN summary INTEGER NOT NULL DEFAULT 0 CHECK (summary IN (0, 1));
