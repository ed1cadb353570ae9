// Package authserver asks an OAuth authorization server for what a resource
// server needs of it: its metadata, its keys, and what it says of a token. Its
// answers are bounded in time and size, never followed elsewhere, and believed only
// in the form that the specifications give them.
package authserver

import "errors"

// Every error of a [Client] wraps one of the first two. Neither is a verdict about a
// token by itself.
var (
	// ErrNoAnswer says that there was no answer, or that the server says it has none
	// now (5xx, 429): trying again later may help.
	ErrNoAnswer = errors.New("no answer from the authorization server")
	// ErrBadAnswer says that there was an answer which cannot be used, such as a
	// redirect, a page or another issuer's metadata: somebody has to change the
	// configuration, here or there.
	ErrBadAnswer = errors.New("unusable answer from the authorization server")
	// ErrUnsupportedToken says besides that the server knows no tokens of this kind
	// (400 with the error unsupported_token_type of RFC 7009, section 2.2.1), as some
	// that introspect answer to a JWT.
	ErrUnsupportedToken = errors.New("tokens of this kind are not supported")
)
