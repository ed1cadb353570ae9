// Package clienttest lets real MCP clients, those that people use, talk to the
// served inventory service: both TypeScript SDKs, the MCP Inspector, mcp-go and
// go-sdk, over every transport and era that each speaks. It has tests only.
//
// Every client has the same conversation, whose outcome must equal what REST
// answers, and the server's side of the wire must show the protocol revision
// that the client claims to have negotiated.
package clienttest
