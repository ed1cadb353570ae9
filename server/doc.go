// Package server composes a service's doors, documents, health and metrics into
// one http.Handler, and runs it.
//
// [Main] is a whole program: it reads the environment ([FromEnv]), listens,
// and drains on SIGTERM. [New] gives the parts: [Server.Handler] mounts under any
// path of any router, between [Server.Start] and [Server.Stop]; [Server.Run]
// does all of it until its context ends.
//
// Everything hangs below one base path:
//
//	/api/v1/…                             REST
//	/mcp                                  MCP, Streamable HTTP
//	/mcp/sse, /mcp/messages               MCP, HTTP+SSE of 2024-11-05
//	/docs, /docs/mcp                      the operations for people
//	/openapi.json, /openapi.yaml          the OpenAPI document
//	/health, /health/live, /health/mcp    readiness, liveness, self-check
//	/metrics                              Prometheus
//
// A request passes, in this order: request id and client address, span, access
// log, recovery from panics, the Host list, the Origin list and CORS, the gate that
// drains, credentials, the rate limit, the program's own middleware, the door.
package server
