// Package session is the contract for state that the replicas of a service
// share: MCP sessions, the calls that run in them and the output of those
// calls. It has the in-memory driver, [Memory]; the drivers of an engine that
// replicas can share live in folders below.
//
// No replica owns a session. A call runs on whichever replica received it and
// writes its output into a log; whoever holds the client's stream tails that
// log, on any replica:
//
//	POST ─▶ Begin ─▶ run ─▶ Append … Append(final)
//	                            │ wakes
//	stream ─▶ Watch ─▶ Read ◀───┘
//
// A replica may die in the middle of a call. Another one that tails the call
// sees in Calls that its owner is dead, and takes it over by Take: exactly one
// replica wins, and what the dead one still writes is refused by the fence.
//
// [Store] is the contract. Each of its clauses is a case of the suite in
// sessiontest, which every driver passes.
package session
