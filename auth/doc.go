// Package auth establishes who makes a request. A [Verifier] turns one bearer
// token into a [tandem.Principal], a [CertificateVerifier] a client certificate;
// [Any] joins verifiers of several kinds. [Middleware] takes the credentials from a
// request, answers those that have none or bad ones with a challenge (RFC 6750,
// section 3), and hands the principal to everything behind it, whichever door that
// is. [ResourceMetadata] tells clients where tokens come from (RFC 9728).
//
// A token is good in one place, the Authorization header. A caller never reads why
// its credentials were refused: the cause goes to the log, under the request's id.
package auth
