package auth

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
)

var (
	errNoCredentials = errors.New("no credentials were sent")
	errTwoHeaders    = errors.New("more than one Authorization header")
	errNotBearer     = errors.New("the Authorization header is not of the form Bearer TOKEN")
	errTokenInQuery  = errors.New("a token in the query is not accepted")
)

// maxToken bounds what a verifier has to look at, in bytes.
const maxToken = 16 << 10

// bearer takes the token from the one place where it may be.
func bearer(r *http.Request) (string, error) {
	if tokenInQuery(r.URL.RawQuery) {
		return "", errTokenInQuery
	}
	headers := r.Header["Authorization"]
	switch len(headers) {
	case 0:
		return "", errNoCredentials
	case 1:
		return parseBearer(headers[0])
	}
	return "", errTwoHeaders
}

// parseBearer returns the token of an Authorization header (RFC 6750, section
// 2.1).
func parseBearer(header string) (string, error) {
	scheme, token, ok := strings.Cut(header, " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") || len(token) > maxToken || !isToken68(token) {
		return "", errNotBearer
	}
	return token, nil
}

// tokenInQuery finds the parameter that RFC 6750 (section 2.3) has for tokens.
// Addresses end up in histories and logs, so a token that was sent there is
// refused even beside a good header: whoever sends it should learn of it at once.
// No other parameter is looked at. None is ever taken for credentials, and an
// operation may have an argument of any other name, "api_key" included.
func tokenInQuery(query string) bool {
	for query != "" {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		name, _, _ := strings.Cut(pair, "=")
		if strings.Contains(name, "%") {
			name, _ = url.QueryUnescape(name) // what is no name has no value either
		}
		if name == "access_token" {
			return true
		}
	}
	return false
}
