package jwt

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/auth"
)

// claims is a JSON object as encoding/json decodes it, numbers as [json.Number].
type claims map[string]any

// claimNames are the claims that are read, and must not be written in another case.
var claimNames = []string{
	"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "cnf", "scope", "scp", "client_id", "azp", "appid", "cid",
	"typ", "token_use", "nonce", "at_hash", "c_hash", "s_hash", "events",
}

const maxSubject = 1024

// lastSecond is the end of the year 9999.
const lastSecond = 253402300799

var (
	errOtherIssuer = fmt.Errorf("%w: it is of another issuer", auth.ErrOtherKind)
	errAudience    = errors.New("the token is for another audience")
	errExpired     = errors.New("the token has expired, or does not say when it does")
	errNotYet      = errors.New("the token is not good yet")
	errSubject     = errors.New("the token has no usable sub")
	errBinding     = errors.New("the token is bound to a key of its client (cnf), and not a bearer token")
)

// text returns a member that is a string, "" if it is not there.
func (c claims) text(name string) (string, error) {
	value, ok := c[name]
	if !ok {
		return "", nil
	}
	s, ok := value.(string)
	if !ok {
		return "", fmt.Errorf("%s is not a string", name)
	}
	return s, nil
}

// list returns a member that is one string or several.
func (c claims) list(name string) ([]string, error) {
	switch value := c[name].(type) {
	case string:
		return []string{value}, nil
	case []any:
		list := make([]string, len(value))
		for i, element := range value {
			s, ok := element.(string)
			if !ok {
				return nil, fmt.Errorf("%s has an element that is not a string", name)
			}
			list[i] = s
		}
		return list, nil
	}
	if _, ok := c[name]; ok {
		return nil, fmt.Errorf("%s is neither a string nor a list", name)
	}
	return nil, nil
}

// moment returns a member that is a NumericDate (RFC 7519, section 2), the zero time
// if it is not there.
func (c claims) moment(name string) (time.Time, error) {
	value, ok := c[name]
	if !ok {
		return time.Time{}, nil
	}
	number, _ := value.(json.Number)
	seconds, err := number.Float64()
	if err != nil || !(seconds > 0 && seconds <= lastSecond) {
		return time.Time{}, fmt.Errorf("%s is not a time", name)
	}
	whole, part := math.Modf(seconds)
	return time.Unix(int64(whole), int64(part*1e9)), nil
}

// judge returns whose token it would be at this time if its signature were good.
func (c *Config) judge(t *token, now time.Time) (*tandem.Principal, error) {
	issuer, err := t.claims.text("iss")
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errClaims, err)
	}
	if issuer != c.Issuer {
		return nil, errOtherIssuer
	}
	if err := c.checkHeader(t); err != nil {
		return nil, err
	}
	expires, err := c.checkPeriod(t.claims, now)
	if err != nil {
		return nil, err
	}
	audiences, err := t.claims.list("aud")
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errClaims, err)
	}
	if !slices.ContainsFunc(audiences, func(a string) bool { return slices.Contains(c.Audiences, a) }) {
		return nil, errAudience
	}
	if err := checkPurpose(t, audiences); err != nil {
		return nil, err
	}
	return c.principal(t.claims, expires)
}

func (c *Config) checkHeader(t *token) error {
	if !slices.Contains(c.Algorithms, t.algorithm) {
		return fmt.Errorf("the token's algorithm %.20q is not accepted", t.algorithm)
	}
	if !slices.ContainsFunc(c.Types, func(accepted string) bool { return strings.EqualFold(accepted, t.typ) }) {
		return fmt.Errorf("the token's typ %.40q is not accepted", t.typ)
	}
	return nil
}

// checkPeriod returns when the token expires, which it must say.
func (c *Config) checkPeriod(claims claims, now time.Time) (expires time.Time, err error) {
	if expires, err = claims.moment("exp"); err != nil {
		return time.Time{}, fmt.Errorf("%w: %w", errClaims, err)
	}
	if expires.IsZero() || !now.Before(expires.Add(c.Leeway)) {
		return time.Time{}, errExpired
	}
	for _, name := range []string{"nbf", "iat"} {
		from, err := claims.moment(name)
		if err != nil {
			return time.Time{}, fmt.Errorf("%w: %w", errClaims, err)
		}
		if from.After(now.Add(c.Leeway)) {
			return time.Time{}, fmt.Errorf("%w: its %s is in the future", errNotYet, name)
		}
	}
	return expires, nil
}

func (c *Config) principal(claims claims, expires time.Time) (*tandem.Principal, error) {
	subject, err := claims.text("sub")
	if err != nil || subject == "" || len(subject) > maxSubject || strings.ContainsFunc(subject, unicode.IsControl) {
		return nil, errSubject
	}
	client, err := claims.client()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errClaims, err)
	}
	scopes, err := c.scopes(claims)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errClaims, err)
	}
	if err := claims.checkBinding(); err != nil {
		return nil, err
	}
	return &tandem.Principal{
		Subject: subject, Issuer: c.Issuer, ClientID: client, Scopes: scopes, Claims: claims, Expires: expires,
	}, nil
}

// clientClaims have the client that the token was issued to: the standard's (RFC
// 9068), OpenID's, Entra ID's of version 1, Okta's.
var clientClaims = []string{"client_id", "azp", "appid", "cid"}

func (c claims) client() (string, error) {
	for _, name := range clientClaims {
		if client, err := c.text(name); err != nil || client != "" {
			return client, err
		}
	}
	return "", nil
}

// scopes never returns [tandem.AllScopes] from an issuer that happens to have a scope
// of that name.
func (c *Config) scopes(claims claims) ([]string, error) {
	var scopes []string
	for _, name := range c.ScopeClaims {
		list, err := claims.list(name)
		if err != nil {
			return nil, err
		}
		for _, words := range list {
			for scope := range strings.FieldsSeq(words) {
				if scope != tandem.AllScopes && !slices.Contains(scopes, scope) {
					scopes = append(scopes, scope)
				}
			}
		}
	}
	return scopes, nil
}

// checkBinding leaves tokens that are bound to a client certificate to the middleware,
// which knows the connection. Those bound to another key are refused here: as a mere
// bearer token one would be good for whoever stole it (RFC 9449, section 7.2).
func (c claims) checkBinding() error {
	value, bound := c["cnf"]
	if !bound {
		return nil
	}
	cnf, _ := value.(map[string]any)
	if _, ok := cnf["x5t#S256"].(string); !ok || len(cnf) != 1 {
		return errBinding
	}
	return nil
}
