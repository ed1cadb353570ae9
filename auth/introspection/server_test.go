package introspection_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/auth/introspection"
)

const (
	issuer   = "https://login.example.com"
	address  = issuer + "/introspect"
	audience = "https://api.example.com/mcp"
)

// authority is an authorization server in memory: tests with fake time can ask it.
type authority struct {
	answer func(token string) reply
	delay  time.Duration

	questions atomic.Int64
	inFlight  atomic.Int64
	most      atomic.Int64 // of inFlight

	mu   sync.Mutex
	last *http.Request
	form url.Values
}

// reply is an HTTP answer. The zero values of its fields mean 200 and JSON.
type reply struct {
	status      int
	contentType string
	body        string
	err         error
}

func active(members string) reply {
	return reply{body: fmt.Sprintf(`{"active":true,"sub":"ann","aud":%q%s}`, audience, members)}
}

var inactive = reply{body: `{"active":false}`}

func (a *authority) RoundTrip(r *http.Request) (*http.Response, error) {
	a.questions.Add(1)
	defer a.inFlight.Add(-1)
	if now := a.inFlight.Add(1); now > a.most.Load() {
		a.most.Store(now)
	}
	token, err := a.note(r)
	if err != nil {
		return nil, err
	}
	if a.delay > 0 {
		select {
		case <-time.After(a.delay):
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	said := a.answer(token)
	if said.err != nil {
		return nil, said.err
	}
	if said.status == 0 {
		said.status = 200
	}
	if said.contentType == "" {
		said.contentType = "application/json"
	}
	header := http.Header{"Content-Type": {said.contentType}, "Location": {issuer + "/elsewhere"}}
	return &http.Response{StatusCode: said.status, Header: header, Body: io.NopCloser(strings.NewReader(said.body)), Request: r}, nil
}

// note keeps the request and returns the token that it asks about.
func (a *authority) note(r *http.Request) (string, error) {
	if r.Body == nil {
		return "", nil
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return "", err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return "", err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.last, a.form = r, form
	return form.Get("token"), nil
}

func always(r reply) *authority { return &authority{answer: func(string) reply { return r }} }

// verifier returns one that asks a, and its log.
func verifier(t testing.TB, a *authority, change func(*introspection.Config)) (*introspection.Verifier, *bytes.Buffer) {
	t.Helper()
	var log bytes.Buffer
	c := introspection.Config{
		URL: address, Issuer: issuer, ClientID: "service", ClientSecret: "hush", Audiences: []string{audience},
		HTTP: &http.Client{Transport: a}, Logger: slog.New(slog.NewTextHandler(&log, nil)),
	}
	if change != nil {
		change(&c)
	}
	v, err := introspection.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return v, &log
}

// kindOf names a verdict as a caller would meet it.
func kindOf(p *tandem.Principal, err error) string {
	switch code := tandem.CodeOf(err); {
	case err == nil && p != nil && p.Subject != "" && p.Issuer != "":
		return "good"
	case p != nil || err == nil:
		return "broken"
	case code == tandem.Unavailable:
		return "503"
	case code == tandem.ResourceExhausted:
		return "429"
	}
	return "401"
}

var errRefused = errors.New("connection refused")
