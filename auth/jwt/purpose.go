package jwt

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

var errNotAccess = errors.New("the token is not an access token")

// purposes are the claims by which some servers tell what a token is for, with the
// values that an access token has, in lower case: Keycloak's and Cognito's.
var purposes = map[string][]string{
	"typ":       {"bearer"},
	"token_use": {"access", "access_token"},
}

// foreign are claims that only other tokens have: ID tokens (OpenID Connect Core,
// sections 3.1.3.6 and 3.3.2.11) and logout or security event tokens (RFC 8417).
var foreign = []string{"at_hash", "c_hash", "s_hash", "events"}

// evidence are claims that ID tokens do not have; see the package's documentation.
var evidence = []string{"scope", "scp", "client_id", "cid", "appid", "azpacr", "token_use"}

// checkPurpose tells access tokens from the others that an issuer signs.
func checkPurpose(t *token, audiences []string) error {
	for _, name := range foreign {
		if _, ok := t.claims[name]; ok {
			return fmt.Errorf("%w: it has %s", errNotAccess, name)
		}
	}
	for name, accepted := range purposes {
		purpose, err := t.claims.text(name)
		if err != nil {
			return fmt.Errorf("%w: %w", errClaims, err)
		}
		if _, told := t.claims[name]; told && !slices.Contains(accepted, strings.ToLower(purpose)) {
			return fmt.Errorf("%w: its %s is %.40q", errNotAccess, name, purpose)
		}
	}
	if _, bearer := t.claims["typ"]; bearer || isAccessType(t.typ) {
		return nil
	}
	if _, ok := t.claims["nonce"]; ok {
		return fmt.Errorf("%w: it has a nonce", errNotAccess)
	}
	if t.claims.hasEvidence(audiences) {
		return nil
	}
	return fmt.Errorf("%w, as far as its claims and typ %.40q tell", errNotAccess, t.typ)
}

func isAccessType(typ string) bool {
	return strings.EqualFold(typ, "at+jwt") || strings.EqualFold(typ, "application/at+jwt")
}

func (c claims) hasEvidence(audiences []string) bool {
	for _, name := range evidence {
		if _, ok := c[name]; ok {
			return true
		}
	}
	azp, _ := c["azp"].(string)
	return azp != "" && !slices.Contains(audiences, azp)
}
