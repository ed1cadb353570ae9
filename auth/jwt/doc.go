// Package jwt verifies access tokens that are signed JWTs (RFC 7519, RFC 9068) by
// the keys that their issuer publishes.
//
// It reads a token itself, strictly: the compact serialization and nothing else, in
// canonical base64url, every name once and in its exact case. A token can name
// neither its key nor where to find one; it can choose among the issuer's keys, each
// of which is good for its own algorithm alone.
//
// The keys are fetched when a token needs them, by one request at a time, and seldom:
// see [Config.Gap]. While they cannot be fetched, the last good ones remain for a
// while: see [Config.MaxStale].
//
// # Which tokens are access tokens
//
// An issuer signs other tokens with the same keys, such as ID tokens, which tell a
// client who its user is and are no permission to call anybody. RFC 9068 tells access
// tokens apart by the header typ at+jwt. Many servers do not send it: Keycloak,
// Entra ID and Auth0 send "JWT" by default, Okta and Amazon Cognito may send nothing.
// Refusing these would keep most services from starting, or make them switch the check
// off. So the default takes both, and a token without at+jwt has to prove by its claims
// what it is: it must have a claim that only access tokens have (scope, scp, client_id,
// cid, appid, azpacr, typ Bearer, token_use access, or an azp that is not one of the
// token's own audiences, as that of every ID token is), and no nonce unless it has the
// claim typ Bearer. Whatever its header says, a token that has at_hash, c_hash, s_hash
// or events, or a typ or token_use of another kind, is refused. If your server sends
// at+jwt, set [Config.Types] to "at+jwt".
package jwt
