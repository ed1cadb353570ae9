package apikey

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// maxName is how many characters a name may have.
const maxName = 100

// Record is what is kept of a key. Its times are in UTC, in whole seconds.
type Record struct {
	ID     string
	Name   string   // for people, who holds it or what for; need not be unique; may be empty
	Digest Digest   // SHA-256 of the whole key
	Scopes []string // what the key may do; nil means nothing that needs a scope, "*" everything

	Created time.Time
	Expires time.Time // when it ends; zero means never
	Revoked time.Time // since when it is refused; zero means that it is not
	// LastUsed is when a call was last made with it, to about a minute; zero means
	// never, or that whoever returned the record does not look it up.
	LastUsed time.Time
}

// Status is what a key is good for.
type Status string

// The statuses. Whatever was revoked and has also expired counts as revoked.
const (
	Active  Status = "active"
	Expired Status = "expired"
	Revoked Status = "revoked"
)

// Status returns the record's status at a time.
func (r *Record) Status(now time.Time) Status {
	switch {
	case !r.Revoked.IsZero():
		return Revoked
	case !r.Expires.IsZero() && !now.Before(r.Expires):
		return Expired
	}
	return Active
}

// check returns what is wrong with a record, however it came about.
func (r *Record) check() error {
	switch {
	case len(r.ID) != idLength || !idBytes.has(r.ID):
		return fmt.Errorf("%q is not the ID of a key", r.ID)
	case r.Digest == Digest{}:
		return errors.New("the digest is missing")
	case r.Created.IsZero():
		return errors.New("the time of its creation is missing")
	}
	if err := checkName(r.Name); err != nil {
		return err
	}
	return checkScopes(r.Scopes)
}

// checkName accepts what can be shown on one line of a terminal.
func checkName(name string) error {
	if !utf8.ValidString(name) || strings.ContainsFunc(name, func(c rune) bool { return !unicode.IsPrint(c) }) {
		return fmt.Errorf("the name %q has characters that cannot be shown", name)
	}
	if utf8.RuneCountInString(name) > maxName {
		return fmt.Errorf("the name has %d characters, of at most %d", utf8.RuneCountInString(name), maxName)
	}
	if strings.TrimSpace(name) != name {
		return fmt.Errorf("the name %q begins or ends with a space", name)
	}
	return nil
}

func checkScopes(scopes []string) error {
	for i, scope := range scopes {
		if !isScope(scope) {
			return fmt.Errorf("%q is not a scope: it is made of printable ASCII without spaces, quotes and backslashes (RFC 6749, section 3.3)", scope)
		}
		for _, other := range scopes[:i] {
			if other == scope {
				return fmt.Errorf("the scope %s is there twice", scope)
			}
		}
	}
	return nil
}

func isScope(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return s != ""
}

const digestPrefix = "sha256:"

// MarshalText returns "sha256:" and the digest in hexadecimal.
func (d Digest) MarshalText() ([]byte, error) {
	return []byte(digestPrefix + hex.EncodeToString(d[:])), nil
}

// UnmarshalText reads what MarshalText returns.
func (d *Digest) UnmarshalText(text []byte) error {
	digits, ok := strings.CutPrefix(string(text), digestPrefix)
	raw, err := hex.DecodeString(digits)
	if !ok || err != nil || len(raw) != len(d) {
		return fmt.Errorf("a digest is %s and %d hexadecimal digits", digestPrefix, 2*len(d))
	}
	copy(d[:], raw)
	return nil
}
