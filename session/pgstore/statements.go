package pgstore

// statements are what the store sends, each with the schema's name in it. The
// types are said, so that they also hold where pgx does not ask the server for them.
type statements struct {
	create, load, update, touch, delete       string
	markWatched, sweepIdle, sweepFinished     string
	begin, append, take, calls, orphans, read string
	replica, beat, forgetReplicas, leave      string
	sendSignal, broadcast, takeSignals, tell  string
	spend, forgetBuckets                      string
}

func newStatements(schema string) statements {
	in := func(statement string) string { return inSchema(schema, statement) }
	return statements{
		create: in(`SELECT {schema}.create_session($1::boolean, $2::bytea, $3::bytea, $4::text, $5::integer, $6::integer)`),
		load:   in(`SELECT principal, record, version, created, seen FROM {schema}.sessions WHERE id = $1::bytea`),
		update: in(`UPDATE {schema}.sessions SET record = $3::text, version = version + 1 WHERE id = $1::bytea AND version = $2::bigint`),
		touch:  in(`SELECT {schema}.touch_session($1::bytea)`),
		delete: in(`SELECT {schema}.delete_session($1::boolean, $2::bytea, $3::bigint, $4::bytea, $5::text)`),

		markWatched:   in(`SELECT {schema}.mark_watched($1::bytea[], $2::interval)`),
		sweepIdle:     in(`SELECT {schema}.sweep_idle($1::bigint, $2::interval, $3::integer)`),
		sweepFinished: in(`SELECT {schema}.sweep_finished($1::interval, $2::integer)`),

		begin: in(`SELECT * FROM {schema}.begin_call($1::boolean, $2::bytea, $3::bytea, $4::bytea, $5::bytea,
			$6::bytea, $7::text, $8::bigint, $9::integer)`),
		append: in(`SELECT * FROM {schema}.append_events($1::boolean, $2::bytea, $3::bytea, $4::bytea, $5::bytea,
			$6::boolean, $7::bytea[], $8::integer, $9::bigint, $10::integer, $11::bigint)`),
		take: in(`SELECT * FROM {schema}.take_call($1::boolean, $2::bytea, $3::bytea, $4::bytea, $5::bytea, $6::bigint)`),
		calls: in(`SELECT c.call, t.name, c.owner, c.after, c.rerun, NOT {schema}.lives(c.runner, $2::bigint)
			FROM {schema}.sessions s
			LEFT JOIN {schema}.calls c ON c.session = s.sid AND c.done_seq IS NULL
			LEFT JOIN {schema}.streams t ON t.id = c.stream
			WHERE s.id = $1::bytea`),
		orphans: in(`SELECT * FROM {schema}.orphans($1::bigint, $2::integer)`),
		// One statement sees one instant.
		read: in(`SELECT t.last, t.trimmed, t.in_flight, e.n, e.call, e.data
			FROM {schema}.sessions s
			LEFT JOIN {schema}.streams t ON t.session = s.sid AND t.name = $2::bytea
			LEFT JOIN LATERAL (
				SELECT n, call, data FROM {schema}.events WHERE stream = t.id AND n > $3::bigint ORDER BY n LIMIT $4::integer) e ON true
			WHERE s.id = $1::bytea ORDER BY e.n`),

		spend:         in(`SELECT * FROM {schema}.spend($1::bytea, $2::integer, $3::integer, $4::interval)`),
		forgetBuckets: in(`SELECT {schema}.forget_buckets($1::integer)`),

		replica:        in(`SELECT nextval('{schema}.replica_ids')`),
		beat:           in(`SELECT * FROM {schema}.beat($1::bigint, $2::interval, $3::interval, $4::integer, $5::timestamptz)`),
		forgetReplicas: in(`SELECT {schema}.forget_replicas($1::bigint, $2::interval)`),
		leave:          in(`SELECT {schema}.leave($1::bigint), pg_notify($2::text, $3::text)`),

		sendSignal:  in(`SELECT {schema}.send_signal($1::bigint, $2::bytea, $3::bytea, $4::bytea, $5::text)`),
		broadcast:   in(`SELECT {schema}.broadcast($1::bigint, $2::bytea, $3::bytea, $4::text)`),
		takeSignals: in(`DELETE FROM {schema}.signals WHERE replica = $1::bigint RETURNING id, session, call, kind, payload`),
		tell:        `SELECT pg_notify($1::text, p) FROM unnest($2::text[]) p`,
	}
}
