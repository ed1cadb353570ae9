// Package pgstore is the [session.Store] of a service whose replicas share a
// PostgreSQL database, version 12 or later.
//
// Each step of the contract is one function in the database, so that it is atomic
// and costs one round trip. A replica has one connection of its own, outside the
// pool: it listens there, says every quarter of a second that it lives, and tells
// the others that there is news. That takes a connection to the server itself, or
// through a pooler in session mode.
//
// # Wakes
//
// A NOTIFY takes a lock that all committing transactions of the server share, so
// that none is sent with an Append: a replica collects what has news and sends
// one for all of it, at most every [Options].NotifyEvery. It carries hashes of
// what to look at, never what there is to see; a lost one costs a tick. After a
// break of its connection a replica wakes all its watches.
//
// # Life and death
//
// A replica is dead when it has closed, when its sign of life is late and its
// connection is gone, or when its sign of life is very late. The database's clock
// decides, and only a replica whose own signs of life are steady may judge, so
// that nobody is dead when the server comes back after an outage. Whoever is taken
// for dead and is not finds its late writes fenced.
//
// # What is on disk when
//
// Begin, Append, Take, Create, Update and Delete return when the server has
// committed, as its synchronous_commit says; by default that is on disk. With
// [Options].Relaxed they return before, which about triples the rate; a crash of the
// server (not of a replica) may then lose what was acknowledged in the last 0.6 s
// or so, three times its wal_writer_delay: calls that were accepted, answers that
// clients have seen, and the numbers of those events, which are given again. Signs
// of life are always written so, and signals do not survive a crash of the server.
//
// # The schema
//
// The tables and functions live in a schema of their own, which [Open] creates
// and brings up to date. If the role may not create one, create it for the role
// beforehand. Records, what it takes to run a call again and the payloads of
// signals are sealed under [Options].Secrets: whoever can write to the schema can
// neither open a session in another principal's name nor make a replica run a call. Events
// are readable to whoever can read the schema.
package pgstore
