package pgstore

// statements are what the store sends, each with the schema's name in it.
type statements struct {
	create, load, update, touch, delete       string
	markWatched, sweepIdle, sweepFinished     string
	begin, append, take, calls, orphans, read string
	replica, beat, forgetReplicas, leave      string
	sendSignal, broadcast, takeSignals, tell  string
}

func newStatements(schema string) statements {
	in := func(statement string) string { return inSchema(schema, statement) }
	return statements{
		create: in(`SELECT {schema}.create_session($1, $2, $3, $4, $5, $6)`),
		load:   in(`SELECT principal, record, version, created, seen FROM {schema}.sessions WHERE id = $1`),
		update: in(`UPDATE {schema}.sessions SET record = $3, version = version + 1 WHERE id = $1 AND version = $2`),
		touch:  in(`SELECT {schema}.touch_session($1)`),
		delete: in(`SELECT {schema}.delete_session($1, $2, $3, $4, $5)`),

		markWatched:   in(`SELECT {schema}.mark_watched($1, $2)`),
		sweepIdle:     in(`SELECT {schema}.sweep_idle($1, $2, $3)`),
		sweepFinished: in(`SELECT {schema}.sweep_finished($1, $2)`),

		begin:  in(`SELECT * FROM {schema}.begin_call($1, $2, $3, $4, $5, $6, $7, $8, $9)`),
		append: in(`SELECT * FROM {schema}.append_events($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`),
		take:   in(`SELECT * FROM {schema}.take_call($1, $2, $3, $4, $5, $6)`),
		calls: in(`SELECT c.call, t.name, c.owner, c.after, c.rerun, NOT {schema}.lives(c.runner, $2)
			FROM {schema}.sessions s
			LEFT JOIN {schema}.calls c ON c.session = s.sid AND c.done_seq IS NULL
			LEFT JOIN {schema}.streams t ON t.id = c.stream
			WHERE s.id = $1`),
		orphans: in(`SELECT * FROM {schema}.orphans($1, $2)`),
		// One statement sees one instant.
		read: in(`SELECT t.last, t.trimmed, t.in_flight, e.n, e.call, e.data
			FROM {schema}.sessions s
			LEFT JOIN {schema}.streams t ON t.session = s.sid AND t.name = $2
			LEFT JOIN LATERAL (
				SELECT n, call, data FROM {schema}.events WHERE stream = t.id AND n > $3 ORDER BY n LIMIT $4) e ON true
			WHERE s.id = $1 ORDER BY e.n`),

		replica:        in(`SELECT nextval('{schema}.replica_ids')`),
		beat:           in(`SELECT * FROM {schema}.beat($1, $2, $3, $4, $5)`),
		forgetReplicas: in(`SELECT {schema}.forget_replicas($1, $2)`),
		leave:          in(`SELECT {schema}.leave($1), pg_notify($2, $3)`),

		sendSignal:  in(`SELECT {schema}.send_signal($1, $2, $3, $4, $5)`),
		broadcast:   in(`SELECT {schema}.broadcast($1, $2, $3, $4)`),
		takeSignals: in(`DELETE FROM {schema}.signals WHERE replica = $1 RETURNING id, session, call, kind, payload`),
		tell:        `SELECT pg_notify($1, p) FROM unnest($2::text[]) p`,
	}
}
