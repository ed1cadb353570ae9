// Package introspection verifies tokens that say nothing themselves by asking the
// authorization server that issued them (OAuth 2.0 Token Introspection, RFC 7662).
//
// It fails closed. A verdict is remembered for a short time, by a digest of the
// token; without an answer that can be used there is no verdict, however good the
// token was a moment ago. A token that is revoked is refused once the remembered
// verdict has run out: after [Config.CacheTTL] at the latest.
//
// A [Verifier] takes every token, since an opaque one cannot be told from any
// other by its look. In [auth.Any] it comes last; what no other verifier takes is
// then sent to the authorization server, which for this reason must be one that
// may see it.
package introspection
