// Package challenge writes the WWW-Authenticate header of bearer tokens, so that
// the middleware that establishes callers and the doors that find them lacking a
// scope say it in the same form.
package challenge

import "strings"

// The error codes of RFC 6750, section 3.1, that a challenge gives.
const (
	InvalidToken      = "invalid_token"      // with 401: the credentials are bad
	InsufficientScope = "insufficient_scope" // with 403: they are good for less
)

// Bearer is what a challenge says. The zero value only asks for a token, as fits a
// request that had none.
type Bearer struct {
	// Error is one of the codes; empty for a request without credentials.
	Error string
	// Scopes are those to ask for: with InsufficientScope all that the operation
	// needs, whichever of them the caller holds already. Nil says nothing.
	Scopes []string
	// ResourceMetadata is the URL of the protected resource metadata (RFC 9728,
	// section 5.1); empty says nothing.
	ResourceMetadata string
}

// String returns the header's value. A parameter that no header can carry, such
// as one with a line break, is left out.
func (b Bearer) String() string {
	params := make([]string, 0, 3)
	params = appendParam(params, "error", b.Error)
	params = appendParam(params, "scope", strings.Join(b.Scopes, " "))
	params = appendParam(params, "resource_metadata", b.ResourceMetadata)
	if len(params) == 0 {
		return "Bearer"
	}
	return "Bearer " + strings.Join(params, ", ")
}

func appendParam(params []string, name, value string) []string {
	if value == "" || !printable(value) {
		return params
	}
	return append(params, name+`="`+escaped.Replace(value)+`"`)
}

// escaped writes what stands between the quotes of a quoted-string (RFC 9110,
// section 5.6.4).
var escaped = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

func printable(value string) bool {
	for i := range len(value) {
		if value[i] < 0x20 || value[i] > 0x7e {
			return false
		}
	}
	return true
}
