// Package mtls establishes callers from their TLS client certificates: services of
// a mesh (SPIFFE), machines with names, people with cards. A [Verifier] names the
// principal by what the certificate says and gives it scopes.
//
// The TLS server has to ask for certificates and verify them ([tls.Config.ClientCAs]
// with [tls.VerifyClientCertIfGiven], or [tls.RequireAndVerifyClientCert] where
// nothing else is accepted). Whoever ends TLS in front of the service ends this too:
// a certificate that comes in a header is none.
package mtls
