package introspection

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/tandem-go/tandem"
)

// refusal is a verdict against a token. Any other error is no verdict.
type refusal string

func (r refusal) Error() string { return string(r) }

const (
	errKind      = refusal("the authorization server knows no tokens of this kind")
	errInactive  = refusal("the authorization server says that the token is not active")
	errNobody    = refusal("the token has neither sub nor client_id")
	errAudience  = refusal("the token is for another audience")
	errNotAccess = refusal("the token is not an access token that is a bearer token")
	errIssuer    = refusal("the token is another issuer's")
	errExpired   = refusal("the token has expired")
	errNotYet    = refusal("the token is not good yet")
)

// isVerdict reports whether an error, or nil, says something about the token.
func isVerdict(err error) bool {
	_, refused := errors.AsType[refusal](err)
	return err == nil || refused
}

// errMalformed says that an answer has no meaning: there is no verdict.
var errMalformed = errors.New("the authorization server's answer is malformed")

// answer are the members of an introspection response (RFC 7662, section 2.2).
// Names are compared exactly.
type answer map[string]jsontext.Value

// parse reads an answer that is known to be a JSON object without duplicate
// names.
func parse(body []byte) (answer, error) {
	var a answer
	if err := json.Unmarshal(body, &a); err != nil {
		return nil, fmt.Errorf("%w: %w", errMalformed, err)
	}
	return a, nil
}

// active reads the one member that every answer must have. Only the JSON literal
// true is a yes, and only false is a no.
func (a answer) active() (bool, error) {
	switch string(a["active"]) {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, fmt.Errorf("%w: active is neither true nor false", errMalformed)
}

// text returns a member that is a string, "" if it is not there.
func (a answer) text(name string) (string, error) {
	raw, ok := a[name]
	if !ok {
		return "", nil
	}
	var s string
	if raw.Kind() != '"' || json.Unmarshal(raw, &s) != nil {
		return "", fmt.Errorf("%w: %s is not a string", errMalformed, name)
	}
	return s, nil
}

// list returns a member that is one string or several.
func (a answer) list(name string) ([]string, error) {
	raw, ok := a[name]
	if !ok {
		return nil, nil
	}
	if raw.Kind() == '"' {
		s, err := a.text(name)
		return []string{s}, err
	}
	var elements []jsontext.Value
	if raw.Kind() != '[' || json.Unmarshal(raw, &elements) != nil {
		return nil, fmt.Errorf("%w: %s is neither a string nor a list", errMalformed, name)
	}
	list := make([]string, len(elements))
	for i, element := range elements {
		if element.Kind() != '"' || json.Unmarshal(element, &list[i]) != nil {
			return nil, fmt.Errorf("%w: %s has an element that is not a string", errMalformed, name)
		}
	}
	return list, nil
}

// lastSecond is the end of the year 9999.
const lastSecond = 253402300799

// moment returns a member that is a NumericDate (RFC 7519, section 2), the zero
// time if it is not there.
func (a answer) moment(name string) (time.Time, error) {
	raw, ok := a[name]
	if !ok {
		return time.Time{}, nil
	}
	var seconds float64
	if raw.Kind() != '0' || json.Unmarshal(raw, &seconds) != nil || !(seconds > 0 && seconds <= lastSecond) {
		return time.Time{}, fmt.Errorf("%w: %s is not a time", errMalformed, name)
	}
	whole, part := math.Modf(seconds)
	return time.Unix(int64(whole), int64(part*1e9)), nil
}

// claims returns all members but active, as encoding/json reads them, numbers as
// [json.Number].
func (a answer) claims() (map[string]any, error) {
	claims := make(map[string]any, len(a))
	for name, raw := range a {
		if name == "active" {
			continue
		}
		var value any
		d := json.NewDecoder(bytes.NewReader(raw))
		d.UseNumber()
		if err := d.Decode(&value); err != nil {
			return nil, fmt.Errorf("%w: %w", errMalformed, err)
		}
		claims[name] = value
	}
	return claims, nil
}

// judge returns whose token an answer is about at this time.
func (c *Config) judge(body []byte, now time.Time) (*tandem.Principal, error) {
	a, err := parse(body)
	if err != nil {
		return nil, err
	}
	active, err := a.active()
	if err != nil {
		return nil, err
	}
	if !active {
		return nil, errInactive
	}
	expires, err := a.checkTimes(now)
	if err != nil {
		return nil, err
	}
	if err := c.checkPurpose(a); err != nil {
		return nil, err
	}
	return c.principal(a, expires)
}

// checkTimes returns when the token expires, the zero time for never.
func (a answer) checkTimes(now time.Time) (expires time.Time, err error) {
	if expires, err = a.moment("exp"); err != nil {
		return time.Time{}, err
	}
	if !expires.IsZero() && !now.Before(expires.Add(leeway)) {
		return time.Time{}, errExpired
	}
	for _, name := range []string{"nbf", "iat"} {
		from, err := a.moment(name)
		if err != nil {
			return time.Time{}, err
		}
		if from.After(now.Add(leeway)) {
			return time.Time{}, errNotYet
		}
	}
	return expires, nil
}

// checkPurpose checks that the token is one for calling this service.
func (c *Config) checkPurpose(a answer) error {
	if err := a.checkKind(); err != nil {
		return err
	}
	issuer, err := a.text("iss")
	if err != nil {
		return err
	}
	if _, told := a["iss"]; told && c.Issuer != "" && issuer != c.Issuer {
		return errIssuer
	}
	audiences, err := a.list("aud")
	if err != nil {
		return err
	}
	mine := func(audience string) bool { return slices.Contains(c.Audiences, audience) }
	if len(c.Audiences) > 0 && !slices.ContainsFunc(audiences, mine) {
		return errAudience
	}
	return nil
}

// kinds are the members by which servers tell the kind of a token, and the values
// that an access token may have, in lower case: the standard's own, and those of
// Keycloak and of Hydra, which also call refresh tokens active.
var kinds = map[string][]string{
	"token_type": {"bearer"},
	"typ":        {"bearer", "jwt", "at+jwt", "application/at+jwt"},
	"token_use":  {"access_token", "access"},
}

func (a answer) checkKind() error {
	for name, accepted := range kinds {
		kind, err := a.text(name)
		if err != nil {
			return err
		}
		if _, told := a[name]; told && !slices.Contains(accepted, strings.ToLower(kind)) {
			return fmt.Errorf("%w: its %s is %.40q", errNotAccess, name, kind)
		}
	}
	return nil
}

// vouches returns the issuer of the principals.
func (c *Config) vouches() string {
	if c.Issuer != "" {
		return c.Issuer
	}
	u, err := url.Parse(c.URL)
	if err != nil {
		return c.URL // not reachable: it was checked
	}
	return u.Scheme + "://" + u.Host
}

func (c *Config) principal(a answer, expires time.Time) (*tandem.Principal, error) {
	subject, err := a.text("sub")
	client, err2 := a.text("client_id")
	scopes, err3 := c.scopes(a)
	claims, err4 := a.claims()
	if err := errors.Join(err, err2, err3, err4); err != nil {
		return nil, err
	}
	if subject == "" {
		subject = client
	}
	if subject == "" {
		return nil, errNobody
	}
	return &tandem.Principal{Subject: subject, Issuer: c.vouches(), ClientID: client, Scopes: scopes, Claims: claims, Expires: expires}, nil
}

// scopes never returns [tandem.AllScopes] from a server that happens to have a scope
// of that name.
func (c *Config) scopes(a answer) ([]string, error) {
	list, err := a.list(c.ScopeClaim)
	if err != nil {
		return nil, err
	}
	var scopes []string
	for _, words := range list {
		scopes = append(scopes, strings.Fields(words)...)
	}
	return slices.DeleteFunc(scopes, func(scope string) bool { return scope == tandem.AllScopes }), nil
}
