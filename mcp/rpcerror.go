package mcp

import (
	"net/http"
	"strconv"
)

// The codes of JSON-RPC 2.0, section 5.1, and of MCP 2026-07-28, section "Error
// Codes".
const (
	codeParse              = -32700
	codeInvalidRequest     = -32600
	codeMethodNotFound     = -32601
	codeInvalidParams      = -32602
	codeInternal           = -32603
	codeHeaderMismatch     = -32020
	codeMissingCapability  = -32021
	codeUnsupportedVersion = -32022
)

// rpcError is an error of the protocol, not of an operation: its caller did not
// get as far as a tool.
type rpcError struct {
	code    int
	message string
	data    []byte // raw JSON; nil for none
	// status is the HTTP status of a legacy request that is refused before its
	// stream begins; zero means that of the code.
	status int
}

func (e *rpcError) Error() string { return e.message }

func invalidRequest(message string) *rpcError {
	return &rpcError{code: codeInvalidRequest, message: "invalid request: " + message}
}

func invalidParams(message string) *rpcError {
	return &rpcError{code: codeInvalidParams, message: message}
}

func headerMismatch(message string) *rpcError {
	return &rpcError{code: codeHeaderMismatch, message: "header mismatch: " + message}
}

func methodNotFound(method []byte) *rpcError {
	return &rpcError{code: codeMethodNotFound, message: "method not found: " + string(clip(method, 64))}
}

// errHandshake is the error of a request that came before initialize.
var errHandshake = invalidRequest("the handshake comes first: initialize")

// httpStatus returns the status of a modern response that carries the error, or a
// result if e is nil: 2026-07-28, sections "Protocol Version Header" and "_meta".
func (e *rpcError) httpStatus() int {
	switch {
	case e == nil:
		return http.StatusOK
	case e.status != 0:
		return e.status
	case e.code == codeMethodNotFound:
		return http.StatusNotFound
	case e.code == codeInternal:
		return http.StatusInternalServerError
	}
	return http.StatusBadRequest
}

// appendRPCError appends an error response. The id is raw JSON; where it could
// not be read it is nil and becomes null, as JSON-RPC 2.0 section 5 has it.
func appendRPCError(dst, id []byte, e *rpcError) []byte {
	if id == nil {
		id = []byte("null")
	}
	dst = append(dst, `{"jsonrpc":"2.0","id":`...)
	dst = append(dst, id...)
	dst = append(dst, `,"error":{"code":`...)
	dst = strconv.AppendInt(dst, int64(e.code), 10)
	dst = append(dst, `,"message":`...)
	dst = appendString(dst, []byte(e.message))
	if e.data != nil {
		dst = append(dst, `,"data":`...)
		dst = append(dst, e.data...)
	}
	return append(dst, "}}"...)
}

// clip returns at most n bytes of text, for echoing what a caller sent.
func clip(text []byte, n int) []byte {
	if len(text) <= n {
		return text
	}
	return append(append([]byte(nil), text[:n]...), "…"...)
}
