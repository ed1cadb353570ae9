package authserver

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
)

// CheckURL reports what is wrong with the address of an authorization server, and
// what to do about it. It must be absolute, https (http for a loopback host only,
// as in tests and development), and without credentials or a fragment.
func CheckURL(raw string) error {
	_, err := parse(raw)
	return err
}

// CheckIssuer reports what is wrong with an issuer: it is checked as [CheckURL] does,
// and has no query either (RFC 8414, section 2).
func CheckIssuer(raw string) error {
	u, err := parse(raw)
	if err == nil && (u.RawQuery != "" || u.ForceQuery) {
		return fmt.Errorf("%q has a query: an issuer is the address alone, as its tokens have it in iss", raw)
	}
	return err
}

func parse(raw string) (*url.URL, error) {
	if raw == "" {
		return nil, errors.New("the URL is empty: write it in full, such as https://login.example.com/")
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil, errors.New("the URL cannot be parsed: write it in full, such as https://login.example.com/")
	}
	switch {
	case u.User != nil: // first, so that no message shows a password
		return nil, errors.New("the URL has a user name or password: configure them as client id and secret")
	case u.Scheme == "" || u.Opaque != "" || u.Hostname() == "":
		return nil, fmt.Errorf("%q is no absolute URL: write it in full, such as https://login.example.com/", raw)
	case strings.Contains(raw, "#"):
		return nil, fmt.Errorf("%q has a fragment: leave out what follows the #", raw)
	case u.Scheme == "https", u.Scheme == "http" && isLoopback(u):
		return u, nil
	case u.Scheme == "http":
		return nil, fmt.Errorf("%q is not encrypted: use https (http is accepted for loopback hosts only)", raw)
	}
	return nil, fmt.Errorf("%q has the scheme %q: use https", raw, u.Scheme)
}

func isLoopback(u *url.URL) bool {
	host := u.Hostname()
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}
