// Package auth establishes who makes a request. A [Verifier] turns one bearer
// token into a [tandem.Principal]; [Middleware] takes the token from a request,
// answers those that have none or a bad one with a challenge (RFC 6750, section
// 3), and hands the principal to everything behind it, whichever door that is.
//
// A caller never reads why its credentials were refused: the cause goes to the
// log, under the request's id.
package auth
