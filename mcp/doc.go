// Package mcp is the MCP door: it serves the operations of a service as tools, and
// its resources and prompts, in every revision of the Model Context Protocol that is
// in use.
//
//	door, err := mcp.New(svc, mcp.Config{})
//	mux.Handle("/mcp", door)                     // Streamable HTTP, both eras
//	mux.Handle("/mcp/sse", door.SSE())           // HTTP+SSE of 2024-11-05
//	mux.Handle("/mcp/messages", door.Messages())
//	err = door.ServeStdio(ctx, os.Stdin, os.Stdout)
//
// # Eras
//
// The revisions up to 2025-11-25 open a session by a handshake; 2026-07-28 has
// none, and each request carries its own metadata. [Door.ServeHTTP] finds the era
// per request. A request of the modern era takes no goroutine and no session. A
// legacy session lives in a [session.Store]: each call writes its output to the
// session's log first, and whoever holds the client's stream follows the log.
//
// # The way of a call
//
// Every transport reads one message ([message]), and the same three steps answer
// a tools/call as package rest has them: decode ▸ invoke ▸ encode. Arguments reach
// the operation as the bytes that came in. What the operation refuses is a result
// that the model can read, with the same problem document that REST sends;
// JSON-RPC errors are for what is wrong with the message.
//
// Resources and prompts go the same way: they are operations that are no tools. What
// was refused or not found there is a JSON-RPC error, whose data is the problem
// document. Those that were added to the server of the official SDK ([Door.Server])
// are served by it, over a connection of its own per request.
//
// A handler that asks its caller waits, in a session, for the answer to a request
// on the stream of its call. Without a session its call ends with the questions,
// and begins anew when they are answered.
//
// # What changes
//
// One goroutine of the door hands the changes of the service, each once, to those
// who listen: subscriptions of the modern era, the newest standing stream of each
// session, and stdio clients. An update of a resource goes to the other replicas
// too, by a signal of the store. What changes while a client has no stream it is
// not told.
//
// # What a caller sees
//
// Lists are encoded once per change of the service. The query of the URL can choose
// toolsets, which are tags: /mcp?toolset=stock,users has what carries any of them,
// and a toolset that nothing carries is refused. Streamable HTTP goes by the URL of
// each request, HTTP+SSE by that of the stream. With [Config.HideForbidden] a caller
// sees only what its scopes allow. What a caller does not see does not exist for it.
//
// The door trusts its caller to have checked Origin, Host and credentials: package
// server does. The principal is that of each request's context.
package mcp
