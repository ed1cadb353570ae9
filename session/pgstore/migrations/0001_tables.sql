-- Names and ids are bytea: what clients choose may hold bytes that text refuses,
-- and they are compared byte by byte. Nothing refers to a session by its id but
-- the session itself.

CREATE SEQUENCE {schema}.replica_ids;

-- The replicas, until nothing is left of them. What counts is the database's clock.
CREATE TABLE {schema}.replicas (
	id          bigint PRIMARY KEY DEFAULT nextval('{schema}.replica_ids'),
	beat        timestamptz NOT NULL, -- the last sign of life
	steady      timestamptz NOT NULL, -- since when no sign of life has been late
	late_after  interval NOT NULL,
	dead_after  interval NOT NULL,
	closed      boolean NOT NULL DEFAULT false,
	backend     integer NOT NULL,     -- the server process of its own connection
	backend_age timestamptz NOT NULL  -- when that started: a pid is used again
) WITH (fillfactor = 50);

-- The counter of all sessions, in parts, so that those who open and end sessions
-- seldom wait for each other.
CREATE TABLE {schema}.slots (
	slot integer PRIMARY KEY,
	used integer NOT NULL DEFAULT 0
) WITH (fillfactor = 50);
INSERT INTO {schema}.slots (slot) SELECT generate_series(0, 15);

CREATE TABLE {schema}.principals (
	principal bytea PRIMARY KEY, -- its SHA-256: an index takes 2,700 bytes at most
	sessions  integer NOT NULL
) WITH (fillfactor = 70);

-- Locks are taken in this order: session, call, stream, principal, slot. Whoever
-- begins or finishes a call holds its session.
CREATE TABLE {schema}.sessions (
	sid         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	id          bytea NOT NULL UNIQUE,
	principal   bytea NOT NULL,
	record      text NOT NULL,             -- sealed
	version     bigint NOT NULL DEFAULT 0, -- of record
	created     timestamptz NOT NULL,
	seen        timestamptz NOT NULL,      -- the last sign of life
	watched     timestamptz NOT NULL,      -- when a replica last said that it watches
	slot        integer NOT NULL,
	in_flight   integer NOT NULL DEFAULT 0,
	finished    integer NOT NULL DEFAULT 0, -- calls that are kept
	kept_bytes  bigint NOT NULL DEFAULT 0,  -- of their streams
	done_seq    bigint NOT NULL DEFAULT 0,  -- of the call that finished last
	oldest_done timestamptz                 -- when the oldest finished call finished
) WITH (fillfactor = 60);

CREATE TABLE {schema}.streams (
	id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	session   bigint NOT NULL,
	name      bytea NOT NULL,
	last      bigint NOT NULL DEFAULT 0, -- number of the last event
	trimmed   bigint NOT NULL DEFAULT 0, -- number of the last event that was trimmed
	bytes     bigint NOT NULL DEFAULT 0, -- of the events that are kept
	calls     integer NOT NULL DEFAULT 0, -- that began on it and are not forgotten
	in_flight integer NOT NULL DEFAULT 0,
	counted   bigint NOT NULL DEFAULT 0, -- bytes of it in its session's kept_bytes
	UNIQUE (session, name)
) WITH (fillfactor = 60);

CREATE TABLE {schema}.events (
	stream bigint,
	n      bigint,
	call   bytea, -- null for none
	data   bytea NOT NULL,
	PRIMARY KEY (stream, n)
);
ALTER TABLE {schema}.events ALTER COLUMN data SET STORAGE EXTERNAL; -- compressing costs more than it saves

CREATE TABLE {schema}.calls (
	session  bigint,
	call     bytea NOT NULL,
	key      bytea GENERATED ALWAYS AS (sha256(call)) STORED, -- clients choose ids of any length
	stream   bigint NOT NULL,
	hash     bytea NOT NULL,
	owner    bytea NOT NULL,
	runner   bigint NOT NULL, -- the replica of the owner
	after    bigint NOT NULL,
	rerun    text,            -- sealed; null for none
	done_seq bigint,          -- null in flight
	done_at  timestamptz,
	last     bigint,          -- what the final Append returned
	answered boolean,         -- whether it had messages
	PRIMARY KEY (session, key)
) WITH (fillfactor = 60);
CREATE INDEX calls_in_flight ON {schema}.calls (runner) WHERE done_seq IS NULL; -- for the orphans

-- Signals on their way. They arrive at most once, so that they need not outlive a
-- crash of the server.
CREATE UNLOGGED TABLE {schema}.signals (
	id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	replica bigint NOT NULL, -- to whom
	session bytea NOT NULL,
	call    bytea NOT NULL,
	kind    bytea NOT NULL,
	payload text NOT NULL -- sealed
);
