package mcp

import (
	"fmt"
	"net/http"
	"net/textproto"

	"github.com/tandem-go/tandem"
)

// mirror is a parameter of a tool that clients of 2026-07-28 mirror in a header,
// section "Custom Headers from Tool Parameters".
type mirror struct {
	header string // canonical
	param  interface {
		Value(arguments []byte) (value []byte, present bool)
		Matches(value []byte, text string) bool
	}
}

// mirrorsOf returns the mirrored parameters of an operation.
func mirrorsOf(op *tandem.Registered) ([]mirror, error) {
	params, err := op.Input().MCPHeaders()
	if err != nil {
		return nil, fmt.Errorf("mcp: tool %q: %w", op.Name, err)
	}
	var mirrors []mirror
	for _, p := range params {
		mirrors = append(mirrors, mirror{header: textproto.CanonicalMIMEHeaderKey("Mcp-Param-" + p.Name), param: p})
	}
	return mirrors, nil
}

// checkParams checks the headers that mirror parameters of a tool.
func (d *Door) checkParams(r *http.Request, m *message) error {
	if !m.is(methodToolsCall) || !isString(m.params.name) {
		return nil
	}
	t, err := d.target(r.Context(), m)
	if err != nil {
		return err
	}
	tool := t.tool
	if tool == nil || len(tool.headers) == 0 {
		return nil
	}
	arguments := m.params.arguments
	if !d.cfg.NoRepair { // a value must not escape the check by coming as a string in a string
		arguments, _ = tool.op.Input().Repair(arguments)
	}
	for _, h := range tool.headers {
		if err := h.check(r.Header, arguments); err != nil {
			return err
		}
	}
	return nil
}

// check compares the header with the parameter's value. Neither may be there
// without the other.
func (m *mirror) check(h http.Header, arguments []byte) error {
	value, present := m.param.Value(arguments)
	sent := len(h[m.header]) > 0
	switch {
	case !present && !sent:
		return nil
	case !sent:
		return headerMismatch("the " + m.header + " header is missing")
	case !present:
		return headerMismatch("the " + m.header + " header has no value in the body")
	}
	text, ok := decodeMirror(headerValue(h, m.header))
	if !ok || !same(h[m.header]) || !m.param.Matches(value, text) {
		return headerMismatch("the " + m.header + " header differs from the body")
	}
	return nil
}

// same reports whether a header that comes several times has one value.
func same(values []string) bool {
	for _, v := range values[1:] {
		if v != values[0] {
			return false
		}
	}
	return true
}
