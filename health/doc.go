// Package health answers whether a service lives, whether it is ready, and
// whether its MCP door really speaks MCP.
//
//   - [Live]: the process answers HTTP. Nothing else is asked, so a broken
//     database does not get the process restarted.
//   - [Readiness]: every managed resource answers its check, the MCP door
//     passes its self-check, and the service is not draining.
//   - [Protocol]: the self-check. It goes through the served handler as a
//     client would, with a handshake and a tools/list in each era of the
//     protocol, so that a door under a wrong path or behind a wrong Host list
//     cannot look healthy.
//
// Results are kept for about a second and checks never run twice at once: a
// health route is open to everybody and must not be a way to cause load. Causes
// go to the log, never into an answer.
package health
