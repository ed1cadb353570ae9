package authserver_test

import (
	"strings"
	"testing"

	"github.com/tandem-go/tandem/internal/authserver"
)

// An authorization server is asked over TLS, or on this machine.
func TestCheckURL(t *testing.T) {
	for _, good := range []string{
		"https://login.example.com", "https://login.example.com/", "https://login.example.com/realms/a?p=b",
		"https://10.0.0.1:8443/x", "HTTPS://login.example.com", "http://localhost:8080/a", "http://127.0.0.1", "http://127.9.9.9:1", "http://[::1]:8080/",
	} {
		if err := authserver.CheckURL(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for bad, why := range map[string]string{
		"":                                   "empty",
		"login.example.com":                  "absolute",
		"//login.example.com/a":              "absolute",
		"https:login.example.com":            "absolute",
		"https://":                           "absolute",
		"https://:8443":                      "absolute",
		"/realms/a":                          "absolute",
		"http://login.example.com":           "use https",
		"http://localhost.example.com":       "use https",
		"http://127.0.0.1.example.com":       "use https",
		"http://10.0.0.1":                    "use https",
		"http://0.0.0.0":                     "use https",
		"ftp://login.example.com":            "use https",
		"file:///etc/passwd":                 "absolute",
		"https://login.example.com/#":        "fragment",
		"https://login.example.com/#a":       "fragment",
		"https://ann:pass@login.example.com": "user name or password",
		"http://ann@localhost":               "user name or password",
		"https://login.example.com\n":        "parsed",
		"https://login.example.com/%zz":      "parsed",
	} {
		err := authserver.CheckURL(bad)
		if err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%q: %v; want a word of %q", bad, err, why)
		}
		if err != nil && strings.Contains(err.Error(), "pass@") {
			t.Errorf("the error shows a password: %v", err)
		}
	}
}

// An issuer is an address without a query.
func TestCheckIssuer(t *testing.T) {
	if err := authserver.CheckIssuer("https://login.example.com/a/"); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{"https://login.example.com?", "https://login.example.com/a?b=c", "http://login.example.com"} {
		if authserver.CheckIssuer(bad) == nil {
			t.Errorf("%s passes", bad)
		}
	}
}
