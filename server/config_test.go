package server

import (
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/auth"
	"github.com/tandem-go/tandem/mcp"
)

// Beyond loopback a service without credentials does not start, and the error
// says which variable to set. On loopback it does.
func TestRefusesOpenNetwork(t *testing.T) {
	for _, c := range []struct {
		name   string
		config Config
		starts bool
	}{
		{"default", Config{}, true},
		{"localhost", Config{Addr: "localhost:8000"}, true},
		{"IPv6 loopback", Config{Addr: "[::1]:8000"}, true},
		{"the whole of 127/8", Config{Addr: "127.9.9.9:8000"}, true},
		{"all addresses", Config{Addr: "0.0.0.0:8000"}, false},
		{"no host", Config{Addr: ":8000"}, false},
		{"all IPv6 addresses", Config{Addr: "[::]:8000"}, false},
		{"a private network", Config{Addr: "10.0.0.1:8000"}, false},
		{"a name", Config{Addr: "localhost.example.com:8000"}, false},
		{"with keys", Config{Addr: ":8000", APIKeys: []tandem.Secret{"a-key-0123456789"}}, true},
		{"with a verifier", Config{Addr: ":8000", Verifier: auth.VerifierFunc(nil)}, true},
		{"told so", Config{Addr: ":8000", InsecureNoAuth: true}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := New(newService(t), c.config)
			if s != nil {
				defer s.Stop()
			}
			if (err == nil) != c.starts {
				t.Fatalf("got %v", err)
			}
			if err != nil && (!strings.Contains(err.Error(), "API_KEYS") || !strings.Contains(err.Error(), "INSECURE_NO_AUTH")) {
				t.Errorf("%q does not say what to set", err)
			}
		})
	}
}

// A listener says itself where it listens.
func TestRefusesOpenListener(t *testing.T) {
	l, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		t.Skip("this machine does not listen beyond loopback: ", err)
	}
	defer l.Close()
	if _, err := New(newService(t), Config{Listener: l}); err == nil {
		t.Error("it started")
	}
}

// A wrong field is named, whichever it is.
func TestConfigRefuses(t *testing.T) {
	hook := map[string][]func(http.Handler) http.Handler{"/docs": nil}
	for field, c := range map[string]Config{
		"Addr":                 {Addr: "x"},
		"MetricsAddr":          {MetricsAddr: "x"},
		"PublicURL":            {PublicURL: "x"},
		"BasePath":             {BasePath: "x"},
		"RESTPrefix":           {RESTPrefix: "/mcp/rest"},
		"Doors":                {Doors: 128},
		"AllowedOrigins":       {AllowedOrigins: []string{}},
		"AllowedHosts":         {AllowedHosts: []string{"x:1"}},
		"RateLimit":            {RateLimit: Rate{Requests: 1}},
		"RateLimits":           {RateLimits: map[string]Rate{"read": {Requests: 1}}},
		"APIKeys":              {APIKeys: []tandem.Secret{"a b"}},
		"Middleware":           {Middleware: hook},
		"MaxInFlight":          {MaxInFlight: -1},
		"MaxInFlightPerCaller": {MaxInFlightPerCaller: -1},
		"MaxBody":              {MaxBody: -1},
		"HeaderTimeout":        {HeaderTimeout: -1},
		"BodyTimeout":          {BodyTimeout: -1},
		"WriteTimeout":         {WriteTimeout: -1},
		"Heartbeat":            {Heartbeat: -1},
		"IdleTimeout":          {IdleTimeout: -1},
		"ShutdownGrace":        {ShutdownGrace: -1},
		"DrainDelay":           {DrainDelay: time.Second, ShutdownGrace: time.Second},
		"PageSize":             {MCP: mcp.Config{PageSize: -1}},
	} {
		t.Run(field, func(t *testing.T) {
			_, err := New(newService(t), c)
			if err == nil || !strings.Contains(err.Error(), "Config."+field) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// The zero value is complete.
func TestConfigDefaults(t *testing.T) {
	c := Config{}.withDefaults()
	if c.Addr != "127.0.0.1:8000" || c.RESTPrefix != "/api/v1" || c.ShutdownGrace != 25*time.Second || c.DrainDelay != loopbackDelay || !c.Doors.Has(tandem.MCP) {
		t.Errorf("got %+v", c)
	}
	if err := c.validate(); err != nil {
		t.Error(err)
	}
	if beyond := (Config{Addr: ":80"}).withDefaults(); beyond.DrainDelay != networkDelay {
		t.Errorf("balancers get %v to notice the drain", beyond.DrainDelay)
	}
	if hasty := (Config{Addr: ":80", ShutdownGrace: time.Second}).withDefaults(); hasty.DrainDelay != time.Second/4 {
		t.Errorf("of a second, %v pass before calls are waited for", hasty.DrainDelay)
	}
}

// The address is spelled as browsers spell the origin of its pages.
func TestPublicURLIsCanonical(t *testing.T) {
	for sent, want := range map[string]string{
		"":                              "",
		"https://shop.example:443/x/":   "https://shop.example/x",
		"http://shop.example:80":        "http://shop.example",
		"http://[::1]:80/":              "http://[::1]",
		"https://shop.example:":         "https://shop.example",
		"https://shop.example:80":       "https://shop.example:80",
		"HTTPS://shop.example:443/x/y/": "https://shop.example/x/y",
	} {
		if got := (Config{PublicURL: sent}).withDefaults().PublicURL; got != want {
			t.Errorf("%s became %s, want %s", sent, got, want)
		}
	}
}
