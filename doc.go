// Package tandem serves each thing that a service can do, written once as a
// typed Go function, through two doors of one process: a REST API and an MCP
// server for AI agents.
//
// This package is the waist of the hourglass, the smallest surface that both
// doors share: an [Operation] with its handler, one strict validation, one
// authorization by scopes, one error model, one lifecycle. The doors only
// decode and encode: packages rest and mcp. Package server composes everything
// into one http.Handler and runs it.
//
//	svc := tandem.New("inventory-service", "1.0.0")
//	tandem.Register(svc, tandem.Operation{
//		Name:   "query_product",
//		Method: "POST", Path: "/products/query",
//		Scopes: []string{"inventory:read"},
//	}, inventory.Query)
//	server.Main(svc)
//
// # Arguments
//
// A handler takes one struct. A path variable {sku} binds the property of the
// same JSON name; for GET, HEAD and DELETE the other properties are query
// parameters, for POST, PUT and PATCH they are the JSON body; a field tag
// in:"query" or in:"header" overrides. Over MCP the same struct is the flat
// arguments object of the tool. Constraints are field tags (minLength,
// maximum, enum, pattern, default, …) that end up in both schemas and are
// enforced for both doors; a method Validate(context.Context) error adds
// checks across fields. The caller reads whatever error it returns; [FieldErrorf]
// says which field is wrong.
//
// # Errors
//
// A handler returns [Errorf] with one of a closed set of codes. Each maps to an
// HTTP status with an RFC 9457 problem document, and to an MCP tool error whose
// text is the same document. Any other error becomes [Internal]: the caller
// reads a generic text and a correlation id, the log has the cause.
package tandem
