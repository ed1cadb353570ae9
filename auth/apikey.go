package auth

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/tandem-go/tandem"
)

// apiKeyIssuer is the issuer of the principals of API keys.
const apiKeyIssuer = "api-key"

// errUnknownKey leaves the token to another verifier: a plain list of keys cannot
// tell a wrong key from a token of another kind.
var errUnknownKey = fmt.Errorf("no such API key: %w", ErrOtherKind)

// APIKeys verifies static keys. It keeps digests, never the keys.
type APIKeys struct {
	digests    [][sha256.Size]byte
	principals []*tandem.Principal // at the index of its digest
}

// NewAPIKeys returns the verifier of these keys, each of which holds every
// scope. A key is made of the characters of a bearer token (RFC 6750, section
// 2.1) so that a header can carry it. The error gives a bad key's position, not
// the key.
func NewAPIKeys(keys []string) (*APIKeys, error) {
	if len(keys) == 0 {
		return nil, errors.New("there is no API key")
	}
	a := &APIKeys{}
	for i, key := range keys {
		if !isToken68(key) {
			return nil, fmt.Errorf("API key %d of %d: it must be one or more of A-Z a-z 0-9 - . _ ~ + /, then any number of =", i+1, len(keys))
		}
		digest := sha256.Sum256([]byte(key))
		if a.index(digest) >= 0 {
			return nil, fmt.Errorf("API key %d of %d: it is there twice", i+1, len(keys))
		}
		a.digests = append(a.digests, digest)
		a.principals = append(a.principals, principalOf(digest))
	}
	return a, nil
}

// Name returns "API_KEYS", the plain list's name in the environment.
func (a *APIKeys) Name() string { return "API_KEYS" }

// Verify finds the key in a time that depends on the number of keys only.
func (a *APIKeys) Verify(_ context.Context, token string) (*tandem.Principal, error) {
	i := a.index(sha256.Sum256([]byte(token)))
	if i < 0 {
		return nil, errUnknownKey
	}
	return a.principals[i], nil
}

// index compares with every digest, each in constant time, without an early
// exit. It returns -1 if none is equal.
func (a *APIKeys) index(digest [sha256.Size]byte) int {
	found := -1
	for i := range a.digests {
		equal := subtle.ConstantTimeCompare(a.digests[i][:], digest[:])
		found = subtle.ConstantTimeSelect(equal, i, found)
	}
	return found
}

// principalOf names the principal by a digest of the digest, so that logs and
// stores show nothing that could stand for the key.
func principalOf(digest [sha256.Size]byte) *tandem.Principal {
	name := sha256.Sum256(append([]byte("tandem api key\x00"), digest[:]...))
	return &tandem.Principal{
		Issuer:  apiKeyIssuer,
		Subject: "key-" + hex.EncodeToString(name[:8]),
		Scopes:  []string{tandem.AllScopes},
	}
}

// isToken68 reports whether s has the form b64token of RFC 6750.
func isToken68(s string) bool {
	body := len(s)
	for body > 0 && s[body-1] == '=' {
		body--
	}
	for i := range body {
		if !isTokenByte(s[i]) {
			return false
		}
	}
	return body > 0
}

func isTokenByte(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	}
	return c == '-' || c == '.' || c == '_' || c == '~' || c == '+' || c == '/'
}
